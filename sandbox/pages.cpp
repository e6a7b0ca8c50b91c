#include "sandbox/pages.hpp"

#include <initializer_list>

#include "kernel/money.hpp"

namespace purser::sandbox {
namespace {

std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string money(std::int64_t amount, std::string_view currency) {
  const auto known = Currency::parse(currency);
  return known ? to_text({amount, *known}) : std::to_string(amount);
}

std::string page(std::string_view title, std::string_view body) {
  return "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>" +
         std::string(title) +
         "</title><style>body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1b1f24}"
         "h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}table{border-collapse:collapse;width:100%}"
         "th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #d8dee4;white-space:nowrap}td.n,th.n{text-align:right}"
         "div.wide{overflow-x:auto}button{font:inherit;padding:.5rem 1.2rem;margin-right:.6rem}small{color:#57606a}</style></head><body>" +
         std::string(body) + "</body></html>";
}

std::string row(std::initializer_list<std::string_view> cells) {
  std::string out = "<tr>";
  for (const std::string_view cell : cells) out += "<td>" + escape(cell) + "</td>";
  return out + "</tr>";
}

std::string table(std::initializer_list<std::string_view> heads, const std::string& rows) {
  std::string out = "<div class=\"wide\"><table><thead><tr>";
  for (const std::string_view head : heads) out += "<th>" + std::string(head) + "</th>";
  return out + "</tr></thead><tbody>" + rows + "</tbody></table></div>";
}

}  // namespace

std::string overview_page(const std::vector<FaceOverview>& overviews, const std::vector<LedgerRow>& ledger) {
  std::string sums, payments, lines;
  for (const auto& [processor, newest, totals] : overviews) {
    for (const LedgerTotal& total : totals) sums += row({processor, total.kind, std::to_string(total.count), money(total.amount, total.currency)});
    for (const PaymentRow& payment : newest)
      payments += row({processor, rfc3339(payment.created), payment.id, payment.status, money(payment.amount, payment.currency),
                       money(payment.received, payment.currency), payment.order_id, payment.reference});
  }
  for (const LedgerRow& line : ledger)
    lines += row({std::to_string(line.seq), line.processor, rfc3339(line.at), line.kind, money(line.amount, line.currency), line.object,
                  line.payment_intent, line.order_id, line.reference});
  return page("Sandbox payment processor",
              "<h1>Sandbox payment processor</h1><p>It speaks the wire protocols of payment processors, charges nobody, and keeps this ledger. As "
              "JSON: <a href=\"/_sandbox/ledger\">ledger</a>, <a href=\"/_sandbox/summary\">summary</a>, "
              "<a href=\"/_sandbox/deliveries\">deliveries</a>, <a href=\"/_sandbox/faults\">faults</a>, "
              "<a href=\"/_sandbox/settings\">settings</a>.</p><h2>Totals</h2>" +
                  table({"processor", "kind", "count", "amount"}, sums) + "<h2>Newest payments</h2>" +
                  table({"processor", "created", "id", "status", "amount", "received", "order", "reference"}, payments) +
                  "<h2>Newest ledger lines</h2>" +
                  table({"seq", "processor", "time", "kind", "amount", "object", "payment", "order", "reference"}, lines));
}

std::string authentication_page(const Visit& visit) {
  const std::string what =
      "<h1>Authenticate a payment</h1><p>" + escape(money(visit.amount, visit.currency)) + " <small>" + escape(visit.id) + "</small></p>";
  if (!visit.waits) return page("Authenticate a payment", what + "<p>This payment waits for nobody: its status is " + escape(visit.status) + ".</p>");
  return page("Authenticate a payment", what +
                                            "<p>The card's issuer wants to know that it is you. In the sandbox you decide:</p><form method=\"post\">"
                                            "<button name=\"outcome\" value=\"approve\">Approve</button>"
                                            "<button name=\"outcome\" value=\"decline\">Decline</button></form>");
}

}  // namespace purser::sandbox
