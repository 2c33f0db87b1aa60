// Forwarded: what proxies say of the client and of the address that it called. Believed of those that the operator trusts only.
//
// RFC 7239 (Forwarded), and the older X-Forwarded-For, -Proto, -Host, -Port, -Prefix. The README has the rules.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <memory>
#include <string>
#include <vector>

#include "fhir/rest/service.h"

namespace http {

// Addresses whose word counts. Made once, then read by all threads.
class TrustedProxies {
 public:
  struct Network {
    boost::asio::ip::address address;
    unsigned bits = 0;
  };
  // Of "10.0.0.0/8", "::1", "192.168.1.7". Fails with the one that is no address or network.
  static model::Result<TrustedProxies> parse(const std::vector<std::string>& networks);
  bool contains(boost::asio::ip::address address) const;

 private:
  std::vector<Network> networks_;
};

struct Forwarding {
  std::string client;    // the farthest address that a trusted proxy vouches for; empty: none is named
  std::string base_url;  // what the client calls us; empty: no host is named
};

// Of a request that came from a trusted proxy. Fails with 400 where a header is malformed, or both kinds contradict each other:
// one of them is then the client's own invention. `options`: what is not said is as there.
model::Result<Forwarding> read_forwarding(const rest::Request& request, const TrustedProxies& proxies,
                                          const rest::ServiceOptions& options);

}  // namespace http
