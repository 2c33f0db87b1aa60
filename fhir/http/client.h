// Client: a blocking HTTP/1.1 client over one keep-alive connection, plain or TLS. For the command line's own use. One thread at
// a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "resources-gen/model/result.h"

namespace http {

struct ClientResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // as received
  std::string body;

  std::string_view header(std::string_view name) const;  // names are compared without case; empty if absent
};

class Client {
 public:
  // `url`: "http://host:port/fhir" or https. Fails if it is no such URL. Connects at the first request.
  // TLS verifies the server against the system's certificates, or `ca_file` if not empty.
  static model::Result<std::unique_ptr<Client>> make(const std::string& url, const std::string& ca_file);
  virtual ~Client() = default;
  // `path` is put behind the URL's own path: "/Patient/1". Never sends a request twice:
  // on a failure the caller must find out what the server made of it; the next request connects again.
  virtual model::Result<ClientResponse> request(std::string_view method, std::string_view path, std::string_view body,
                                                const std::vector<std::pair<std::string, std::string>>& headers) = 0;
};

}  // namespace http
