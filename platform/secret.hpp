// Text that must never reach a log, an answer or a terminal. It has no formatter and converts to nothing: whoever needs the
// text says reveal(), which a reader and a search can find.
#pragma once
#include <string>
#include <utility>

namespace purser {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}

  bool empty() const { return text_.empty(); }
  const std::string& reveal() const { return text_; }

 private:
  std::string text_;
};

}  // namespace purser
