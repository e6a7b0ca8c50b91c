// A payment's status follows from its figures and from the last attempt to get its money.
#include <fmt/format.h>

#include "verify/findings.hpp"
#include "verify/second_model.hpp"

namespace purser::verify {

void check_payment_status(store::Tx& tx, Findings& findings) {
  tx.query(
      "select p.id, p.status, p.amount, p.authorized, p.captured, p.refunded, p.closed, "
      "(select a.status from payment_attempts a where a.payment_id = p.id and a.kind in ('AUTHORIZE', 'SALE') order by a.number desc limit 1), "
      "p.goal from payments p order by p.id",
      [&](const store::Row& row) {
        const Figures is{.amount = row.integer(2),
                         .authorized = row.integer(3),
                         .captured = row.integer(4),
                         .refunded = row.integer(5),
                         .closed = row.integer(6) != 0};
        if (!status_fits(row.text(1), is))
          findings.add("payment_status_fits", std::string(row.text(0)),
                       fmt::format("it is {} with {} authorised, {} captured, {} refunded of {}{}", row.text(1), is.authorized, is.captured,
                                   is.refunded, is.amount, is.closed ? ", closed" : ""));
        const bool has_attempts = row.text(8).empty();  // a payment in parts has none: its legs have
        if (has_attempts && !status_fits_attempt(row.text(1), row.text(7)))
          findings.add("payment_status_fits", std::string(row.text(0)),
                       fmt::format("it is {} while its last attempt to get the money is {}", row.text(1), row.is_null(7) ? "absent" : row.text(7)));
      });
}

}  // namespace purser::verify
