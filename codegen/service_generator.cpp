#include "codegen/service_generator.hpp"

#include <google/protobuf/io/printer.h>
#include <google/protobuf/io/zero_copy_stream.h>

#include <map>
#include <memory>
#include <set>
#include <string_view>
#include <vector>

#include "codegen/comments.hpp"
#include "codegen/words.hpp"
#include "purser/options/v1/options.pb.h"

namespace purser::codegen {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;
using google::protobuf::io::Printer;
using Variables = std::map<std::string, std::string>;

std::string without_suffix(const std::string& proto) {
  const auto dot = proto.rfind(".proto");
  return dot == std::string::npos ? proto : proto.substr(0, dot);
}

std::string with_colons(std::string_view dotted) {
  std::string out;
  for (const char c : dotted) c == '.' ? out.append("::") : out.append(1, c);
  return out;
}

// Short where it is of the service's own package, else from the root, so that no nearer namespace of the same name is taken.
std::string type_name(const Descriptor& message, const FileDescriptor& seen_from) {
  const std::string& package = seen_from.package();
  if (message.file()->package() != package || package.empty()) return "::" + with_colons(message.full_name());
  return with_colons(std::string_view(message.full_name()).substr(package.size() + 1));
}

std::vector<const Descriptor*> events_of(const FileDescriptor& file) {
  std::vector<const Descriptor*> events;
  for (int i = 0; i < file.message_type_count(); ++i) {
    if (file.message_type(i)->options().HasExtension(options::v1::event)) events.push_back(file.message_type(i));
  }
  return events;
}

std::set<std::string> message_headers(const FileDescriptor& file) {
  std::set<std::string> headers;
  for (int i = 0; i < file.service_count(); ++i) {
    for (int j = 0; j < file.service(i)->method_count(); ++j) {
      headers.insert(without_suffix(file.service(i)->method(j)->input_type()->file()->name()) + ".pb.h");
      headers.insert(without_suffix(file.service(i)->method(j)->output_type()->file()->name()) + ".pb.h");
    }
  }
  return headers;
}

Variables variables(const ServiceDescriptor& service) {
  return {{"service", service.name()},
          {"full_name", service.full_name()},
          {"lookup", snake_case(service.name())},
          {"any_message", type_name(*service.file()->message_type(0), *service.file())}};
}

Variables variables(const MethodDescriptor& method) {
  Variables vars = variables(*method.service());
  vars["method"] = method.name();
  vars["index"] = std::to_string(method.index());
  vars["request"] = type_name(*method.input_type(), *method.file());
  vars["response"] = type_name(*method.output_type(), *method.file());
  return vars;
}

template <class Body>
void for_each_method(const ServiceDescriptor& service, Body&& body) {
  for (int i = 0; i < service.method_count(); ++i) body(*service.method(i));
}

void open_namespace(Printer& printer, const FileDescriptor& file) {
  if (!file.package().empty()) printer.Print("namespace $name$ {\n", "name", with_colons(file.package()));
}

void close_namespace(Printer& printer, const FileDescriptor& file) {
  if (!file.package().empty()) printer.Print("\n}  // namespace $name$\n", "name", with_colons(file.package()));
}

void print_comment(Printer& printer, const std::string& text) {
  for (const std::string& line : comment_lines(text)) printer.Print("//$line$\n", "line", line.empty() ? line : " " + line);
}

void print_interface(Printer& printer, const ServiceDescriptor& service) {
  printer.Print("\n");
  print_comment(printer, comment_of(service));
  printer.Print(variables(service),
                "class $service$ {\n"
                " public:\n"
                "  static constexpr std::string_view full_name = \"$full_name$\";\n"
                "  virtual ~$service$() = default;\n");
  printer.Indent();
  for_each_method(service, [&](const MethodDescriptor& method) {
    printer.Print("\n");
    print_comment(printer, comment_of(method));
    printer.Print(variables(method), "virtual ::purser::Reply<$response$> $method$(::purser::rpc::Call call, $request$ request) = 0;\n");
  });
  printer.Outdent();
  printer.Print("};\n");
}

void print_binding_declaration(Printer& printer, const ServiceDescriptor& service) {
  printer.Print(variables(service),
                "\n// $service$ as the faces serve it. Call it with its namespace: an unqualified bind() would find std::bind.\n"
                "::purser::rpc::Service bind(std::shared_ptr<$service$> service);\n");
}

void print_client(Printer& printer, const ServiceDescriptor& service) {
  printer.Print(variables(service),
                "\n// $service$ where it runs elsewhere.\n"
                "class $service$Client final : public $service$ {\n"
                " public:\n"
                "  explicit $service$Client(std::shared_ptr<::purser::rpc::Channel> channel) : channel_(std::move(channel)) {}\n\n");
  for_each_method(service, [&](const MethodDescriptor& method) {
    printer.Print(variables(method), "  ::purser::Reply<$response$> $method$(::purser::rpc::Call call, $request$ request) override;\n");
  });
  printer.Print(
      "\n"
      " private:\n"
      "  std::shared_ptr<::purser::rpc::Channel> channel_;\n"
      "};\n");
}

void print_lookup(Printer& printer, const ServiceDescriptor& service) {
  printer.Print(variables(service),
                "\nnamespace {\n\n"
                "const ::google::protobuf::ServiceDescriptor& $lookup$() {\n"
                "  static const auto* const found = $any_message$::descriptor()->file()->FindServiceByName(\"$service$\");\n"
                "  return *found;\n"
                "}\n\n"
                "}  // namespace\n");
}

void print_binding(Printer& printer, const ServiceDescriptor& service) {
  printer.Print(variables(service),
                "\n::purser::rpc::Service bind(std::shared_ptr<$service$> service) {\n"
                "  const auto& descriptor = $lookup$();\n"
                "  ::purser::rpc::Service bound{&descriptor, {}};\n");
  for_each_method(service, [&](const MethodDescriptor& method) {
    printer.Print(variables(method),
                  "  bound.methods.push_back(::purser::rpc::bind_method<$request$, $response$, $service$>(\n"
                  "      descriptor.method($index$), service, &$service$::$method$));\n");
  });
  printer.Print("  return bound;\n}\n");
}

void print_client_methods(Printer& printer, const ServiceDescriptor& service) {
  for_each_method(service, [&](const MethodDescriptor& method) {
    printer.Print(variables(method),
                  "\n::purser::Reply<$response$> $service$Client::$method$(::purser::rpc::Call call, $request$ request) {\n"
                  "  return ::purser::rpc::call_remote<$response$>(channel_, $lookup$().method($index$), std::move(call), "
                  "std::move(request));\n"
                  "}\n");
  });
}

void print_prototypes(Printer& printer, const std::vector<const Descriptor*>& events) {
  printer.Print(
      "\nstd::vector<const ::google::protobuf::Message*> event_prototypes() {\n"
      "  return {\n");
  for (const Descriptor* event : events) printer.Print("      &$event$::default_instance(),\n", "event", event->name());
  printer.Print("  };\n}\n");
}

void print_header(Printer& printer, const FileDescriptor& file) {
  const auto events = events_of(file);
  printer.Print("// Made by protoc-gen-purser from $proto$. Do not edit.\n#pragma once\n", "proto", file.name());
  if (file.service_count() == 0 && events.empty()) return;
  if (!events.empty()) printer.Print("#include <google/protobuf/message.h>\n\n");
  if (file.service_count() > 0) printer.Print("#include <memory>\n#include <string_view>\n#include <utility>\n");
  if (!events.empty()) printer.Print("#include <vector>\n");
  printer.Print("\n");
  for (const std::string& header : message_headers(file)) printer.Print("#include \"$header$\"\n", "header", header);
  if (file.service_count() > 0) printer.Print("#include \"platform/rpc/service.hpp\"\n\n");
  open_namespace(printer, file);
  for (int i = 0; i < file.service_count(); ++i) {
    print_interface(printer, *file.service(i));
    print_binding_declaration(printer, *file.service(i));
    print_client(printer, *file.service(i));
  }
  if (!events.empty()) {
    printer.Print(
        "\n// One empty message of every event here. Calling it makes sure they are linked, and so can be found by name.\n"
        "std::vector<const ::google::protobuf::Message*> event_prototypes();\n");
  }
  close_namespace(printer, file);
}

void print_source(Printer& printer, const FileDescriptor& file) {
  const auto events = events_of(file);
  const std::string stem = without_suffix(file.name());
  printer.Print("// Made by protoc-gen-purser from $proto$. Do not edit.\n#include \"$stem$.purser.hpp\"\n", "proto", file.name(), "stem", stem);
  if (file.service_count() == 0 && events.empty()) return;
  printer.Print("\n#include \"$stem$.pb.h\"\n\n", "stem", stem);
  open_namespace(printer, file);
  for (int i = 0; i < file.service_count(); ++i) {
    print_lookup(printer, *file.service(i));
    print_binding(printer, *file.service(i));
    print_client_methods(printer, *file.service(i));
  }
  if (!events.empty()) print_prototypes(printer, events);
  close_namespace(printer, file);
}

bool can_be_served(const FileDescriptor& file, std::string& error) {
  for (int i = 0; i < file.service_count(); ++i) {
    if (file.message_type_count() == 0) {
      error = file.name() + ": " + file.service(i)->name() + " needs its request and response messages in its own file";
      return false;
    }
    for (int j = 0; j < file.service(i)->method_count(); ++j) {
      const MethodDescriptor& method = *file.service(i)->method(j);
      if (!method.client_streaming() && !method.server_streaming()) continue;
      error = file.name() + ": " + method.full_name() + " is a streaming rpc; Purser's services answer one request with one response";
      return false;
    }
  }
  return true;
}

template <class Print>
void write(google::protobuf::compiler::GeneratorContext& context, const std::string& path, Print&& print) {
  const std::unique_ptr<google::protobuf::io::ZeroCopyOutputStream> stream(context.Open(path));
  Printer printer(stream.get(), '$');
  print(printer);
}

}  // namespace

bool generate_services(const FileDescriptor& file, google::protobuf::compiler::GeneratorContext& context, std::string& error) {
  if (!can_be_served(file, error)) return false;
  const std::string stem = without_suffix(file.name());
  write(context, stem + ".purser.hpp", [&](Printer& printer) { print_header(printer, file); });
  write(context, stem + ".purser.cpp", [&](Printer& printer) { print_source(printer, file); });
  return true;
}

}  // namespace purser::codegen
