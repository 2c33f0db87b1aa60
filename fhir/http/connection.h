// Connection: one client's socket, plain or TLS, as a chain of callbacks on its loop's thread.
//
// Reads a request, has it answered, writes the answer, reads the next: requests of one connection never overtake each other
// (pipelining).
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "fhir/http/loop.h"

namespace http {

// Starts a connection on `loop`'s thread. `client`: as whom Admission has let it in, which is told when it ends. `tls` null:
// plain.
void start_connection(std::shared_ptr<Loop> loop, boost::asio::ip::tcp::socket socket, std::string client,
                      boost::asio::ssl::context* tls);

}  // namespace http
