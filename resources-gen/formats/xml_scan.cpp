#include "resources-gen/formats/xml_scan.h"

#include <expat.h>
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "resources-gen/formats/json_tape.h"
#include "resources-gen/formats/xml_namespaces.h"

namespace formats {
namespace {

constexpr std::size_t max_text = 0x3fff'ffff;  // expat counts in int, and the JSON made of a text is less than twice as long
constexpr std::size_t kept_scratch = 1 << 20;  // a parser that has seen a longer text is not kept

struct ParserFree {
  void operator()(XML_Parser parser) const { XML_ParserFree(parser); }
};
using Parser = std::unique_ptr<std::remove_pointer_t<XML_Parser>, ParserFree>;

// A scan under way: what expat's callbacks are given.
struct Scan {
  XML_Parser parser;
  XmlEvents& events;
  std::uint32_t max_depth;
  std::uint32_t depth = 0;
  XmlNamespaces namespaces;
  std::vector<XmlAttribute> attributes;
  XmlFault fault;
  std::exception_ptr thrown;

  std::size_t offset() const { return static_cast<std::size_t>(XML_GetCurrentByteIndex(parser)); }
  void stop(std::string message, bool too_large = false) {
    if (fault.message.empty()) fault = {std::move(message), offset(), too_large};
    XML_StopParser(parser, XML_FALSE);
  }
};

// No exception may pass through expat. After a stop it may still make a call or two: they are not passed on.
template <typename Call>
void guarded(void* data, Call call) {
  auto& scan = *static_cast<Scan*>(data);
  if (scan.thrown || !scan.fault.message.empty()) return;
  try {
    call(scan);
  } catch (...) {
    scan.thrown = std::current_exception();
    XML_StopParser(scan.parser, XML_FALSE);
  }
}

// Whether the default namespace is among those declared.
bool declare(Scan& scan, const char** attributes) {
  bool is_default = false;
  for (; *attributes && scan.fault.message.empty(); attributes += 2) {
    const auto prefix = XmlNamespaces::declares(attributes[0]);
    if (!prefix) continue;
    const std::string_view space = attributes[1];
    if (space.size() > XmlNamespaces::longest) {
      scan.stop(fmt::format("a namespace is longer than {} bytes", XmlNamespaces::longest), true);
    } else if (const auto fault = scan.namespaces.declare(*prefix, space); !fault.empty()) {
      scan.stop(std::string(fault));
    } else {
      is_default = is_default || prefix->empty();
      scan.events.declared(*prefix, space);
    }
  }
  return is_default;
}

void XMLCALL on_start(void* data, const char* name, const char** attributes) {
  guarded(data, [&](Scan& scan) {
    if (++scan.depth > scan.max_depth) return scan.stop("elements are nested too deeply", true);
    scan.namespaces.open();
    const bool declares_default = declare(scan, attributes);
    scan.attributes.clear();
    XmlTag tag{{}, {}, scan.offset(), declares_default};
    auto fault = scan.namespaces.element(name, tag.name);
    for (; *attributes && fault.empty(); attributes += 2) {
      if (XmlNamespaces::declares(attributes[0])) continue;
      XmlAttribute& attribute = scan.attributes.emplace_back(XmlAttribute{{}, attributes[1]});
      fault = scan.namespaces.attribute(attributes[0], attribute.name);
    }
    if (fault.empty() && scan.namespaces.has_duplicates(scan.attributes)) fault = "duplicate attribute";
    if (!fault.empty()) scan.stop(std::string(fault));
    if (!scan.fault.message.empty()) return;
    tag.attributes = scan.attributes;
    scan.events.start(tag);
  });
}

void XMLCALL on_end(void* data, const char* name) {
  guarded(data, [&](Scan& scan) {
    --scan.depth;
    const int bytes = XML_GetCurrentByteCount(scan.parser);  // 0: the end that belongs to an empty tag
    QualifiedName qualified;
    scan.namespaces.element(name, qualified);
    scan.events.end(qualified, scan.offset() + static_cast<std::size_t>(bytes), bytes == 0);
    scan.namespaces.close();
  });
}

void XMLCALL on_text(void* data, const char* text, int size) {
  guarded(data, [&](Scan& scan) { scan.events.text({text, static_cast<std::size_t>(size)}, scan.offset()); });
}

// R4 xml.html: there SHALL be no DTD. Told before anything of it is looked at.
void XMLCALL on_doctype(void* data, const char*, const char*, const char*, int) {
  guarded(data, [](Scan& scan) { scan.stop("there must be no DTD (R4 xml.html)"); });
}

bool is_utf8_name(std::string_view name) {
  constexpr std::string_view utf8 = "utf-8";
  return name.size() == utf8.size() && std::equal(name.begin(), name.end(), utf8.begin(),
                                                  [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
}

void XMLCALL on_declaration(void* data, const char*, const char* encoding, int) {
  guarded(data, [&](Scan& scan) {
    if (encoding && !is_utf8_name(encoding)) {
      scan.stop("the XML declaration says '" + std::string(encoding).substr(0, 40) + "', but FHIR is exchanged in UTF-8");
    }
  });
}

std::string message_of(XML_Error error, std::uint32_t depth) {
  switch (error) {
    case XML_ERROR_UNDEFINED_ENTITY:
      return "an entity other than &amp; &lt; &gt; &quot; &apos;";
    case XML_ERROR_NO_ELEMENTS:
      return depth ? "the text ends inside an element" : "there is no element";
    default:
      return XML_ErrorString(error);
  }
}

bool looks_like_utf16(std::string_view text) {
  using namespace std::string_view_literals;
  return text.starts_with("\xfe\xff"sv) || text.starts_with("\xff\xfe"sv) || text.starts_with("<\0"sv) ||
         text.starts_with("\0<"sv);
}

}  // namespace

XmlFault scan_xml(std::string_view text, XmlEvents& events, std::uint32_t max_depth) {
  if (text.size() > max_text) return {"an XML text of 1 GiB or more", 0, true};
  if (looks_like_utf16(text)) return {"it is in UTF-16 or UTF-32, but FHIR is exchanged in UTF-8", 0};
  if (!simdjson::validate_utf8(text.data(), text.size())) return {"not UTF-8", first_broken_utf8(text)};

  thread_local Parser kept;
  Parser parser = std::move(kept);  // not kept when this throws, and no second scan within a scan takes it
  if (!parser) {
    parser.reset(XML_ParserCreate("UTF-8"));
    if (!parser) throw std::bad_alloc();
  }
  Scan scan{.parser = parser.get(), .events = events, .max_depth = max_depth};
  XML_SetUserData(parser.get(), &scan);
  XML_SetElementHandler(parser.get(), on_start, on_end);
  XML_SetCharacterDataHandler(parser.get(), on_text);
  XML_SetStartDoctypeDeclHandler(parser.get(), on_doctype);
  XML_SetXmlDeclHandler(parser.get(), on_declaration);
  const bool well = XML_Parse(parser.get(), text.data(), static_cast<int>(text.size()), XML_TRUE) == XML_STATUS_OK;
  if (scan.thrown) std::rethrow_exception(scan.thrown);
  if (!well && scan.fault.message.empty()) {
    const XML_Error error = XML_GetErrorCode(parser.get());
    if (error == XML_ERROR_NO_MEMORY) throw std::bad_alloc();
    const auto offset = XML_GetCurrentByteIndex(parser.get());
    scan.fault = {message_of(error, scan.depth), offset < 0 ? 0 : std::min(static_cast<std::size_t>(offset), text.size()), false};
  }
  if (text.size() <= kept_scratch && XML_ParserReset(parser.get(), "UTF-8")) kept = std::move(parser);
  return scan.fault;
}

}  // namespace formats
