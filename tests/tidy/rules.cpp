#include "tests/tidy/rules.hpp"

#include <algorithm>
#include <array>
#include <regex>
#include <set>

namespace purser::tidy {
namespace {

using Findings = std::vector<Finding>;
constexpr auto any_case = std::regex::ECMAScript | std::regex::icase | std::regex::optimize;

struct Banned {
  std::regex pattern;
  const char* instead;
};

Findings find_banned(std::string_view text, const std::vector<Banned>& list) {
  Findings findings;
  for (const Banned& banned : list)
    for (std::cregex_iterator at(text.data(), text.data() + text.size(), banned.pattern), end; at != end; ++at)
      findings.push_back({line_of(text, static_cast<std::size_t>(at->position())), "`" + at->str() + "`: " + banned.instead});
  return findings;
}

// "contexts/orders/rules/order.cpp" -> "orders"; "" outside contexts/.
std::string context_of(std::string_view path) {
  constexpr std::string_view folder = "contexts/";
  if (!path.starts_with(folder)) return "";
  path.remove_prefix(folder.size());
  return std::string(path.substr(0, path.find('/')));
}

bool in_rules(const Source& source) {
  const std::string context = context_of(source.path);
  return !context.empty() && source.under("contexts/" + context + "/rules/");
}

// The simulator's own platform: its loop over Asio, and the program around it that runs seeds on threads and takes their time.
bool is_simulators_platform(const Source& source) {
  static const std::set<std::string, std::less<>> files = {"sim/world.hpp", "sim/world.cpp", "sim/batch.cpp", "sim/main.cpp"};
  return files.contains(source.path);
}

// ---- the world comes through ports

Findings no_world_outside_platform(const Source& source, const TableOwners&) {
  static const std::vector<Banned> list = {
      {std::regex(R"(\b(system|steady|high_resolution|utc|tai|file)_clock\s*::\s*now\b)"), "take the time from Clock (platform/clock.hpp)"},
      {std::regex(R"(\b(std\s*::\s*)?time\s*\(\s*(nullptr|NULL|0|&\w+)\s*\))"), "take the time from Clock (platform/clock.hpp)"},
      {std::regex(R"(\b(gettimeofday|clock_gettime|localtime|localtime_r)\b)"), "take the time from Clock (platform/clock.hpp)"},
      {std::regex(R"(\bs?rand\s*\(|\b(random_device|mt19937|mt19937_64)\b)"), "take chance from Random (platform/random.hpp)"},
      {std::regex(R"(\b(sleep_for|sleep_until|usleep|nanosleep)\b)"), "co_await Clock::sleep (platform/clock.hpp)"},
      {std::regex(R"(\b(steady|system|deadline|high_resolution)_timer\b)"), "co_await Clock::sleep (platform/clock.hpp)"},
      {std::regex(R"((^|[^\w>])::\s*(socket|connect|bind|listen|accept)\s*\()"), "use platform/http or platform/rpc"},
      {std::regex(R"(\basio\s*::\s*ip\b)"), "use platform/http or platform/rpc"},
      {std::regex(R"(\bstd\s*::\s*(jthread|thread|async)\b|\bpthread_create\b)"), "write a Task (platform/async.hpp); threads belong to platform/"},
  };
  static const std::set<std::string> headers = {"random",
                                                "thread",
                                                "sys/socket.h",
                                                "netinet/in.h",
                                                "pthread.h",
                                                "boost/asio/ip/tcp.hpp",
                                                "boost/asio/steady_timer.hpp",
                                                "boost/asio/system_timer.hpp"};
  if (!source.is_cpp() || source.is_test() || source.under("platform/") || source.under("bench/") || is_simulators_platform(source)) return {};
  Findings findings = find_banned(source.code, list);
  for (const Include& include : source.includes)
    if (headers.contains(include.path))
      findings.push_back({include.line, "<" + include.path + ">: the world comes through the ports of platform/ (clock, random, http, rpc)"});
  return findings;
}

Findings no_global_clock_in_contexts(const Source& source, const TableOwners&) {
  static const std::vector<Banned> list = {
      {std::regex(R"(\bsystem_clock\s*\(\s*\)|\bsystem_random\s*\(\s*\))"), "take the port as a reference; app/ hands out the real one"}};
  if (!source.is_cpp() || source.is_test() || !(source.under("contexts/") || source.under("kernel/"))) return {};
  return find_banned(source.code, list);
}

// What differs from one run to the next, though nothing else does: the simulator could not replay it.
Findings runs_repeat_themselves(const Source& source, const TableOwners&) {
  static const std::vector<Banned> list = {
      {std::regex(R"(\bunordered_(multi)?(map|set)\b)"), "its order is nobody's: use map, set or a sorted vector"},
      {std::regex(R"(\b(multi)?(map|set)\s*<\s*(const\s+)?[\w:]+\s*(const\s*)?\*)"),
       "addresses differ from run to run: use an id or a name as the key"},
      {std::regex(R"(\b(uniform_int|uniform_real|normal|bernoulli|discrete|exponential|poisson)_distribution\b)"),
       "the standard's distributions differ between libraries: draw from sim::Chance"},
      {std::regex(R"(\b(system_clock|system_random)\s*\(\s*\))"), "the simulated process has a clock and a chance of its own"}};
  const bool simulated =
      source.under("contexts/") || source.under("kernel/") || source.under("sandbox/") || source.under("sim/") || source.under("verify/");
  if (!source.is_cpp() || source.is_test() || !simulated) return {};
  return find_banned(source.code, list);
}

// ---- SQL lives in the repository of the context that owns the table; the checkers read them all

bool is_sql(const std::string& text) {
  static const std::regex sql(
      R"(\bselect\b[^;]*\bfrom\b|\binsert\s+(or\s+\w+\s+)?into\b|\bupdate\s+\w+\s+set\b|\bdelete\s+from\b|\bcreate\s+table\b)", any_case);
  return std::regex_search(text, sql);
}

bool writes(const std::string& text) {
  static const std::regex change(
      R"(\binsert\s+(or\s+\w+\s+)?into\b|\breplace\s+into\b|\bupdate\s+\w+\s+set\b|\bdelete\s+from\b|\b(create|drop|alter)\s+(table|index|view)\b)",
      any_case);
  return std::regex_search(text, change);
}

// verify/ reads every table, wherever it likes, and writes none.
Findings verify_only_reads(const Source& source) {
  Findings findings;
  for (const Literal& literal : source.literals)
    if (writes(literal.text)) findings.push_back({literal.line, "a checker may read any table and change none"});
  return findings;
}

Findings sql_only_in_repositories(const Source& source, const TableOwners&) {
  static const std::regex repository(R"((^|[/_])repository\.cpp$)");
  if (!source.is_cpp() || source.is_test() || source.under("platform/") || source.under("sandbox/") || source.under("bench/")) return {};
  if (source.under("verify/")) return verify_only_reads(source);
  if (std::regex_search(source.path, repository)) return {};
  if (source.under("sim/")) return {};  // the independent checker reads what is stored, whoever stored it
  Findings findings;
  for (const Literal& literal : source.literals)
    if (is_sql(literal.text)) findings.push_back({literal.line, "SQL in a string: move it to the context's repository.cpp"});
  return findings;
}

std::vector<std::string> words_after(const std::string& text, const std::regex& before) {
  std::vector<std::string> words;
  for (std::sregex_iterator at(text.begin(), text.end(), before), end; at != end; ++at) {
    std::string word = (*at)[at->size() - 1];
    std::ranges::transform(word, word.begin(), [](unsigned char c) { return std::tolower(c); });
    words.push_back(std::move(word));
  }
  return words;
}

// Comments may talk of other tables.
std::string without_sql_comments(const std::string& sql) {
  static const std::regex comment(R"(--[^\n]*)");
  return std::regex_replace(sql, comment, "");
}

Findings foreign_tables_in(const Source& source, int line, const std::string& sql, const TableOwners& owners) {
  static const std::regex named(R"(\b(from|join|into|update|references|table|on)\s+(if\s+not\s+exists\s+|or\s+\w+\s+)?(\w+))", any_case);
  Findings findings;
  for (const std::string& table : words_after(sql, named)) {
    const auto owner = owners.find(table);
    if (owner == owners.end() || source.under(owner->second + "/")) continue;
    findings.push_back({line, "table `" + table + "` belongs to " + owner->second + ": ask its service (api/) or listen to its events"});
  }
  return findings;
}

Findings no_foreign_tables(const Source& source, const TableOwners& owners) {
  if (!source.under("contexts/") || source.is_test()) return {};
  if (source.path.ends_with(".sql")) return foreign_tables_in(source, 1, without_sql_comments(source.text), owners);
  Findings findings;
  for (const Literal& literal : source.literals) {
    if (!is_sql(literal.text)) continue;
    const Findings more = foreign_tables_in(source, literal.line, literal.text, owners);
    findings.insert(findings.end(), more.begin(), more.end());
  }
  return findings;
}

// ---- borders

// What a part may include of the repository's own folders. What is in none of them is generated from api/.
std::vector<std::string> may_include(const Source& source) {
  if (source.under("kernel/")) return {"kernel/"};
  if (source.under("codegen/")) return {"codegen/", "kernel/"};
  if (source.under("platform/")) return {"platform/", "kernel/"};
  if (source.under("sandbox/")) return {"sandbox/", "platform/", "kernel/"};
  if (source.under("verify/") && !source.is_test()) return {"verify/", "platform/", "kernel/"};
  if (source.under("bench/")) return {"bench/", "platform/", "kernel/"};
  if (source.under("sim/")) return {"sim/", "verify/", "app/", "sandbox/", "contexts/payments/processors/", "platform/", "kernel/"};
  if (in_rules(source)) return {"contexts/" + context_of(source.path) + "/rules/", "kernel/"};
  if (source.under("contexts/")) return {"contexts/" + context_of(source.path) + "/", "platform/", "kernel/"};
  return {"kernel/", "platform/", "contexts/", "integrations/", "sandbox/", "verify/", "app/", "sim/", "bench/", "tests/", "codegen/"};
}

bool is_ours(std::string_view path) {
  constexpr std::array folders = {"kernel/", "platform/", "contexts/", "integrations/", "sandbox/", "verify/",
                                  "app/",    "sim/",      "bench/",    "tests/",        "codegen/"};
  return std::ranges::any_of(folders, [&](const char* folder) { return path.starts_with(folder); });
}

Findings includes_keep_to_the_borders(const Source& source, const TableOwners&) {
  if (!source.is_cpp()) return {};
  const auto allowed = may_include(source);
  Findings findings;
  for (const Include& include : source.includes) {
    if (include.angled || !is_ours(include.path)) continue;
    if (std::ranges::any_of(allowed, [&](const std::string& folder) { return include.path.starts_with(folder); })) continue;
    findings.push_back({include.line, "\"" + include.path +
                                          "\": out of bounds here; contexts meet in api/ alone (its interface or its events), and " +
                                          "kernel, platform, sandbox, verify and bench know none of them"});
  }
  return findings;
}

Findings platform_knows_no_messages(const Source& source, const TableOwners&) {
  if (!source.is_cpp() || source.is_test() || !(source.under("platform/") || source.under("sandbox/"))) return {};
  static const std::regex generated(R"(\.(pb\.h|purser\.hpp)$)");
  Findings findings;
  for (const Include& include : source.includes) {
    if (!std::regex_search(include.path, generated) || include.path.starts_with("google/") || include.path.starts_with("purser/")) continue;
    findings.push_back(
        {include.line, "\"" + include.path + "\": platform/ is the same for every contract; take a descriptor or a template argument"});
  }
  return findings;
}

Findings rules_are_pure(const Source& source, const TableOwners&) {
  static const std::set<std::string> standard = {"algorithm", "array",   "bit",     "charconv",    "compare",    "concepts",
                                                 "cstddef",   "cstdint", "cstring", "expected",    "functional", "initializer_list",
                                                 "iterator",  "limits",  "map",     "numeric",     "optional",   "ranges",
                                                 "set",       "span",    "string",  "string_view", "tuple",      "type_traits",
                                                 "utility",   "variant", "vector"};
  if (!source.is_cpp() || !in_rules(source)) return {};
  Findings findings;
  for (const Include& include : source.includes) {
    if (include.angled ? standard.contains(include.path) : is_ours(include.path)) continue;  // ours: see includes_keep_to_the_borders
    findings.push_back(
        {include.line, "`" + include.path + "`: rules take and give values of kernel/ and the standard library; convert in service.cpp"});
  }
  return findings;
}

Findings no_floating_point_money(const Source& source, const TableOwners&) {
  static const std::vector<Banned> list = {{std::regex(R"(\b(float|double)\b)"), "count in whole minor units (kernel/money.hpp)"}};
  if (!source.is_cpp() || source.is_test() || !(source.under("kernel/") || in_rules(source))) return {};
  return find_banned(source.code, list);
}

Findings shape_of_deployment_stays_in_app(const Source& source, const TableOwners&) {
  static const std::vector<Banned> list = {{std::regex(R"(\w*standalone\w*)", any_case), "only app/ knows where a part runs; take a port"}};
  if (!source.is_cpp() || source.is_test() || source.under("app/")) return {};
  return find_banned(source.code, list);
}

// ---- names and texts

Findings names_say_what_is_inside(const Source& source, const TableOwners&) {
  static const std::regex vague(R"((^|[/_-])(utils?|helpers?|common|manager|impl|misc)(\.[^/]*)?$)", any_case);
  if (!std::regex_search(source.path, vague)) return {};
  return {{1, "name the file after what it holds, not utils, helpers, common, manager, impl"}};
}

Findings no_machine_paths(const Source& source, const TableOwners&) {
  static const std::vector<Banned> list = {
      {std::regex(R"((^|[\s"'`(=:,\[])/(work|root|home)/[\w.])"), "a path of one machine: make it relative, or take it from the environment"}};
  return find_banned(source.text, list);
}

Findings lock_file_names_no_host(const Source& source, const TableOwners&) {
  static const std::vector<Banned> list = {
      {std::regex(R"("resolved"\s*:)"), "npm config omit-lockfile-registry-resolved (tools/npm/.npmrc) leaves it out"}};
  if (!source.path.ends_with("package-lock.json")) return {};
  return find_banned(source.text, list);
}

Findings headers_begin_with_their_contract(const Source& source, const TableOwners&) {
  if (!source.path.ends_with(".hpp") || source.is_test()) return {};
  Findings findings;
  if (!source.text.starts_with("//")) findings.push_back({1, "begin with a comment: what it is, what it never does, units and errors"});
  if (source.code.find("#pragma once") == std::string::npos) findings.push_back({1, "say #pragma once"});
  return findings;
}

}  // namespace

const std::vector<Rule>& rules() {
  static const std::vector<Rule> all = {
      {"no_world_outside_platform", no_world_outside_platform},
      {"no_global_clock_in_contexts", no_global_clock_in_contexts},
      {"runs_repeat_themselves", runs_repeat_themselves},
      {"sql_only_in_repositories", sql_only_in_repositories},
      {"no_foreign_tables", no_foreign_tables},
      {"includes_keep_to_the_borders", includes_keep_to_the_borders},
      {"platform_knows_no_messages", platform_knows_no_messages},
      {"rules_are_pure", rules_are_pure},
      {"no_floating_point_money", no_floating_point_money},
      {"shape_of_deployment_stays_in_app", shape_of_deployment_stays_in_app},
      {"names_say_what_is_inside", names_say_what_is_inside},
      {"no_machine_paths", no_machine_paths},
      {"lock_file_names_no_host", lock_file_names_no_host},
      {"headers_begin_with_their_contract", headers_begin_with_their_contract},
  };
  return all;
}

TableOwners tables_created(const std::vector<Source>& tree) {
  static const std::regex created(R"(\bcreate\s+table\s+(if\s+not\s+exists\s+)?(\w+))", any_case);
  TableOwners owners;
  for (const Source& source : tree) {
    const std::size_t folder = source.path.find("/migrations/");
    if (folder == std::string::npos || !source.path.ends_with(".sql")) continue;
    for (const std::string& table : words_after(without_sql_comments(source.text), created)) owners[table] = source.path.substr(0, folder);
  }
  return owners;
}

}  // namespace purser::tidy
