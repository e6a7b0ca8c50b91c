// A JSON document being put together: members stay in the order they were given, so the same input gives the same bytes.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace purser::codegen {

class Json {
 public:
  struct Member;

  Json(bool value);              // NOLINT(google-explicit-constructor)
  Json(int value);               // NOLINT(google-explicit-constructor)
  Json(std::int64_t value);      // NOLINT(google-explicit-constructor)
  Json(std::string value);       // NOLINT(google-explicit-constructor)
  Json(std::string_view value);  // NOLINT(google-explicit-constructor)
  Json(const char* value);       // NOLINT(google-explicit-constructor)
  static Json object(std::initializer_list<Member> members = {});
  static Json array(std::initializer_list<Json> elements = {});

  // Of an object: replaces the member, or adds it behind the others. Returns this object.
  Json& set(std::string_view name, Json value);
  // Of two objects: every member of the other one.
  Json& set_all(const Json& other);
  // Of an object: the member, made as an empty object where there is none.
  Json& at(std::string_view name);
  // Of an array. Returns this array.
  Json& add(Json element);

  bool empty() const;        // an object or array without content
  std::string text() const;  // indented by two, without a line end behind it

 private:
  using Object = std::vector<Member>;
  using Array = std::vector<Json>;
  explicit Json(Object members);
  explicit Json(Array elements);
  void write(std::string& out, std::size_t depth) const;

  std::variant<bool, std::int64_t, std::string, Array, Object> value_;
};

struct Json::Member {
  std::string name;
  Json value;
};

}  // namespace purser::codegen
