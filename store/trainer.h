// Trainer: a thread of low priority that trains dictionaries from the store's own bodies when enough are there, never holding up
// the writer.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "store/store.h"

namespace store {

// The unpacked body of a document, empty if there is none to be had.
using Sample = std::function<std::string(Document document)>;
// Bodies at even distances over all documents up to `last`: enough for a dictionary. Ends early if `stop` is set.
std::vector<std::string> sample_bodies(Document last, const Sample& sample, const std::atomic<bool>& stop);

class Trainer {
 public:
  // Makes a trained dictionary durable, then used. False: not now.
  using Adopt = std::function<bool(const std::string& dictionary)>;

  // `training`: the documents at which a further dictionary is trained, ascending; `trained` of them are there.
  Trainer(std::vector<Document> training, std::size_t trained, Sample sample, Adopt adopt);
  ~Trainer() { stop(); }
  void stop();                 // waits for a training that has begun: some tenths of a second
  void notice(Document last);  // the newest document; any thread, cheap

 private:
  void run();

  const std::vector<Document> training_;
  std::size_t trained_;
  const Sample sample_;
  const Adopt adopt_;
  std::atomic<Document> due_;  // at which to wake up
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  Document last_ = 0;
  std::thread thread_;  // last: it uses the others
};

}  // namespace store
