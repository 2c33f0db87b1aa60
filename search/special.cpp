// special: Location's `near`, the only one of R4: places within a distance on the sphere.
//
//   \x02 latitude longitude     of Location.position, in steps of 1e-7 degrees (a centimetre) from -90 and -180, four bytes each
//
// [latitude]|[longitude]|[distance]|[units]: R4 says kilometres where no unit is given, and leaves the distance to the server
// where none is: 10 km.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numbers>

#include "resources-gen/model/decimal.h"
#include "search/query_text.h"
#include "search/term_bytes.h"
#include "search/value_types.h"

namespace search {
namespace {

constexpr double steps_per_degree = 1e7;
constexpr double earth_radius_km = 6371.0088;  // the mean radius; the ellipsoid differs by at most 0.6 %
constexpr double default_distance_km = 10;

struct Place {
  double latitude, longitude;  // degrees
};

struct UnitRow {
  std::string_view code;  // UCUM's first, then what people write
  double kilometres;
};
constexpr std::array<UnitRow, 9> units = {{{"km", 1},
                                           {"m", 0.001},
                                           {"[mi_i]", 1.609344},
                                           {"mi", 1.609344},
                                           {"[nmi_i]", 1.852},
                                           {"nmi", 1.852},
                                           {"[ft_i]", 0.0003048},
                                           {"ft", 0.0003048},
                                           {"cm", 0.00001}}};

bool read_degrees(std::string_view text, double bound, double& degrees) {
  if (!model::Decimal::parse(text)) return false;
  const std::from_chars_result read = std::from_chars(text.data(), text.data() + text.size(), degrees);
  return read.ec == std::errc() && std::abs(degrees) <= bound;
}

std::uint32_t steps(double degrees, double least) {
  return static_cast<std::uint32_t>(std::llround((degrees - least) * steps_per_degree));
}

std::string latitude_start(double latitude) {
  std::string term(1, tag_value);
  put_ordered32(term, steps(std::clamp(latitude, -90.0, 90.0), -90));
  return term;
}

double radians(double degrees) { return degrees * std::numbers::pi / 180; }

// The haversine formula: exact enough for short distances, and indifferent to poles and to where longitudes begin.
double distance_km(Place a, Place b) {
  const double vertical = std::sin(radians(b.latitude - a.latitude) / 2),
               horizontal = std::sin(radians(b.longitude - a.longitude) / 2);
  const double chord =
      vertical * vertical + std::cos(radians(a.latitude)) * std::cos(radians(b.latitude)) * horizontal * horizontal;
  return 2 * earth_radius_km * std::asin(std::sqrt(std::min(1.0, chord)));
}

Place read_place(std::string_view term) {
  return {read_ordered32(term.substr(1)) / steps_per_degree - 90, read_ordered32(term.substr(5)) / steps_per_degree - 180};
}

}  // namespace

bool extract_special(model::NodeRef value, Extraction& extraction) {
  if (value.name() != "position") return false;
  std::string_view latitude, longitude;
  for (Children child(value); child.next();) {
    if (child.is("latitude")) latitude = child.text();
    if (child.is("longitude")) longitude = child.text();
  }
  Place place{};
  if (read_degrees(latitude, 90, place.latitude) && read_degrees(longitude, 180, place.longitude)) {
    std::string term = latitude_start(place.latitude);
    put_ordered32(term, steps(place.longitude, -180));
    extraction.sink.put(std::move(term));
  }
  return true;
}

model::Result<void> special_scans(const ScanContext& context, std::string_view value, Form, Scans& out) {
  if (context.schema.text(context.parameter.code) != "near")
    return bad_value(context, value, "belongs to a special parameter that this server does not know");
  const std::vector<std::string_view> parts = split_unescaped(value, '|');
  Place centre{};
  if (parts.size() < 2 || parts.size() > 4 || !read_degrees(parts[0], 90, centre.latitude) ||
      !read_degrees(parts[1], 180, centre.longitude)) {
    return bad_value(context, value, "is no place: write latitude|longitude|distance|units, in degrees of WGS84");
  }
  double distance = default_distance_km;
  if (parts.size() > 2 && !parts[2].empty()) {
    if (!read_degrees(parts[2], 1e9, distance) || distance < 0) return bad_value(context, value, "has no sound distance");
    if (parts.size() == 4 && !parts[3].empty()) {
      const auto row = std::find_if(units.begin(), units.end(), [&](const UnitRow& unit) { return unit.code == parts[3]; });
      if (row == units.end())
        return bad_value(context, value, "has an unknown unit of length: km, m, [mi_i], [nmi_i] and [ft_i] are known");
      distance *= row->kilometres;
    }
  }
  // Points as far north or south as the distance reaches; beyond a pole there are none.
  const double reach = distance / earth_radius_km * 180 / std::numbers::pi + 2 / steps_per_degree;
  const double slack = 2e-5;  // 2 cm: positions are kept in steps of about one
  std::string high = centre.latitude + reach < 90 ? latitude_start(centre.latitude + reach) : std::string(1, tag_value + 1);
  auto predicate = std::make_shared<const TermPredicate>([centre, distance, slack](std::string_view term) {
    return term.size() >= 9 && distance_km(centre, read_place(term)) <= distance + slack;
  });
  out.push_back(range_scan(latitude_start(centre.latitude - reach), std::move(high), std::move(predicate)));
  return {};
}

}  // namespace search
