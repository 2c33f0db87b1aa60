// The interactions of R4 http.html, one file each; routes.cpp says which request reaches which.
//
// A handler answers through `done`: at once, or from the store's writer when the commit is on disk.
#pragma once

#include "fhir/rest/exchange.h"

namespace rest {

void read(const Context& context, ExchangePtr exchange, Done done);              // read.cpp
void vread(const Context& context, ExchangePtr exchange, Done done);             // vread.cpp
void create(const Context& context, ExchangePtr exchange, Done done);            // create.cpp, conditional create too
void update(const Context& context, ExchangePtr exchange, Done done);            // update.cpp, update as create too
void remove(const Context& context, ExchangePtr exchange, Done done);            // delete.cpp
void patch_resource(const Context& context, ExchangePtr exchange, Done done);    // patch.cpp, conditional patch too
void update_matching(const Context& context, ExchangePtr exchange, Done done);   // update_matching.cpp: conditional update
void remove_matching(const Context& context, ExchangePtr exchange, Done done);   // delete_matching.cpp: conditional delete
void history_instance(const Context& context, ExchangePtr exchange, Done done);  // history.cpp
void history_type(const Context& context, ExchangePtr exchange, Done done);
void history_system(const Context& context, ExchangePtr exchange, Done done);
void erase_all(const Context& context, ExchangePtr exchange, Done done);  // erase.cpp
void erase_history(const Context& context, ExchangePtr exchange, Done done);
void erase_version(const Context& context, ExchangePtr exchange, Done done);
void search_resources(const Context& context, ExchangePtr exchange, Done done);  // search.cpp: a type, all types, a compartment
void bundle(const Context& context, ExchangePtr exchange, Done done);            // bundle.cpp: batch and transaction
void changes(const Context& context, ExchangePtr exchange, Done done);           // changes.cpp: the change feed
void async_status(const Context& context, ExchangePtr exchange, Done done);      // async_status.cpp
void async_cancel(const Context& context, ExchangePtr exchange, Done done);
void capabilities(const Context& context, ExchangePtr exchange, Done done);  // capabilities.cpp

}  // namespace rest
