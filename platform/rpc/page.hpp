// Paging of lists by id, newest first: REST's limit / starting_after / ending_before and gRPC's page_size / page_token
// (AIP-158; our token is the id to start after) are one thing here. Ids ascend with time, so their order is the list's order.
#pragma once
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "platform/store/store.hpp"

namespace purser::rpc {

struct Page {
  std::int64_t size = 10;
  std::string after{};   // older than this id
  std::string before{};  // newer than this id; if both are given, `after` wins

  template <class Request>
  static Page of(const Request& request) {
    return {.size = request.page_size() > 0 ? request.page_size() : 10,
            .after = request.starting_after().empty() ? request.page_token() : request.starting_after(),
            .before = request.ending_before()};
  }
  bool backwards() const { return after.empty() && !before.empty(); }
};

// A select with its conditions and values, for lists whose filters are known only at run time.
class Query {
 public:
  explicit Query(std::string select) : sql_(std::move(select)) {}
  // `condition` ends before its placeholder: "user_id =".
  void where(const std::string& condition, store::Value value) {
    values_.push_back(value);
    sql_ += (values_.size() == 1 ? " where " : " and ") + condition + " $" + std::to_string(values_.size());
  }
  // The page's rows and one more, which says that there are more. `page` must outlive run().
  void page(const Page& page) {
    if (!page.after.empty()) where("id <", page.after);
    if (page.backwards()) where("id >", page.before);
    values_.push_back(store::Value(page.size + 1));
    sql_ += std::string(" order by id ") + (page.backwards() ? "asc" : "desc") + " limit $" + std::to_string(values_.size());
  }
  template <class Each>
  void run(store::Tx& tx, Each&& each) {
    tx.run(sql_, values_, std::forward<Each>(each));
  }

 private:
  std::string sql_;
  std::vector<store::Value> values_;
};

// Cuts the extra row off, puts the rows newest first, and says whether there are more in the direction asked for.
template <class T>
bool settle_page(const Page& page, std::vector<T>& rows) {
  const bool more = static_cast<std::int64_t>(rows.size()) > page.size;
  if (more) rows.erase(rows.begin() + page.size, rows.end());
  if (page.backwards()) std::reverse(rows.begin(), rows.end());
  return more;
}

}  // namespace purser::rpc
