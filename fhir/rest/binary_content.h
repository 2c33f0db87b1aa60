// Raw content on its way into a Binary: any body that is not itself a Binary resource (R4 binary.html, http.html#binary).
//
// Small content becomes the resource's `data`; large content is put on disk while it comes, and the resource refers to it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "fhir/rest/exchange.h"
#include "fhir/rest/write.h"

namespace rest {

// Large content that has come: what is stored of the Binary itself, and the content for its draft.
struct LargeContent {
  std::string subset;  // the resource without its data, marked SUBSETTED: what searches and histories show
  std::shared_ptr<const store::BlobDraft> blob;
  std::shared_ptr<BodySink> sink;  // as long as it lives, what is on disk stays
};

// Where the pump is to put a request's body; null: into the request. Never blocks. What `token` gives lives as long
// as the sink.
std::shared_ptr<BodySink> content_sink(const Context& context, const Request& head,
                                       const std::function<std::shared_ptr<void>()>& token);

// A create or update of a Binary with raw content becomes one with a resource: its body is replaced, and large content is in
// exchange.content. Other requests stay as they are. Fails with 413, 415.
model::Result<void> take_content(const Context& context, Exchange& exchange);

// To be called for what was prepared from such a body: the draft then has the content. Nothing to do if there is none.
void keep_content(const Context& context, const Exchange& exchange, Prepared& prepared);

// `body` of a stored Binary with large content without the mark that it is a subset.
std::string without_subset_mark(std::string_view body);

}  // namespace rest
