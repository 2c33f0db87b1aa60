// Views: what the generated classes (views::Patient, views::HumanName ...) stand on: typed accessors over a tree's nodes.
//
// A view is a node, passed by value, valid as long as its tree. An absent element is an empty view, and everything asked of an
// empty view is empty again: `patient.maritalStatus().text().text()` needs no checks on the way.
#pragma once

#include <cstddef>
#include <iterator>
#include <optional>
#include <string_view>

#include "resources-gen/model/decimal.h"
#include "resources-gen/model/temporal.h"
#include "resources-gen/model/tree.h"

namespace views {

class Extension;

class View {
 public:
  View() = default;
  explicit View(model::NodeRef node) : node_(node) {}
  explicit operator bool() const { return static_cast<bool>(node_); }
  model::NodeRef at() const { return node_; }  // empty if the view is

 protected:
  model::NodeRef first(model::ElementId element) const { return node_ ? node_.child(element) : model::NodeRef(); }
  model::NodeRef chosen(model::ElementId element, model::TypeId type) const {
    const auto found = first(element);
    return found && found.type() == type ? found : model::NodeRef();
  }
  model::NodeRef named(std::string_view name) const { return node_ ? node_.child(name) : model::NodeRef(); }

 private:
  model::NodeRef node_;
};

// The items of a repeating element, in document order.
template <typename T>
class Items {
 public:
  class iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = const T*;
    using reference = T;
    iterator() = default;
    explicit iterator(model::NodeRef node) : node_(node) {}
    T operator*() const { return T(node_); }
    iterator& operator++() {
      const auto next = node_.next_sibling();
      node_ = next && next.element() == node_.element() ? next : model::NodeRef();
      return *this;
    }
    iterator operator++(int) {
      auto before = *this;
      ++*this;
      return before;
    }
    bool operator==(const iterator&) const = default;

   private:
    model::NodeRef node_;
  };

  Items() = default;
  explicit Items(model::NodeRef first) : first_(first) {}
  iterator begin() const { return iterator(first_); }
  iterator end() const { return iterator(); }
  bool empty() const { return !first_; }
  std::size_t size() const { return static_cast<std::size_t>(std::distance(begin(), end())); }  // walks
  // Empty beyond the last. Walks.
  T operator[](std::size_t index) const {
    for (auto item = begin(); item != end(); ++item) {
      if (index-- == 0) return *item;
    }
    return T();
  }
  T front() const { return first_ ? T(first_) : T(); }

 private:
  model::NodeRef first_;
};

// A value of any primitive type, with its extensions.
class Primitive : public View {
 public:
  using View::View;
  bool has_value() const { return at() && at().has_value(); }
  std::string_view text() const { return at() ? at().text() : std::string_view(); }  // as written: "1.50", "true"
  std::optional<bool> boolean() const { return has_value() ? std::optional(text() == "true") : std::nullopt; }
  std::optional<model::Decimal> decimal() const {
    return has_value() ? model::Decimal::parse(text()) : std::nullopt;
  }  // integers too
  std::optional<model::Temporal> temporal() const {
    return has_value() ? model::Temporal::parse(text(), at().primitive()) : std::nullopt;
  }
  std::string_view id() const { return Primitive(named("id")).text(); }
  Items<Extension> extension() const;  // with views/extension.h
};

// value[x]: the type that was sent decides.
class Choice : public View {
 public:
  using View::View;
  std::string_view type_name() const { return at() ? at().type_name() : std::string_view(); }
  Primitive primitive() const { return at() && at().primitive() != model::Primitive::none ? Primitive(at()) : Primitive(); }
  template <typename T>
  T as() const {
    return at() && at().type() == T::type_id ? T(at()) : T();
  }
};

// A resource of whatever type: contained[], Bundle.entry.resource, Parameters.parameter.resource.
class AnyResource : public Choice {
 public:
  using Choice::Choice;
  std::string_view id() const { return Primitive(named("id")).text(); }
};

}  // namespace views
