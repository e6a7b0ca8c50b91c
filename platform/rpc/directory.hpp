// Where a context finds the services it needs, by interface: the object itself where it runs in this process, else its remote
// client. Only app/ puts them in.
#pragma once
#include <map>
#include <memory>
#include <typeindex>
#include <utility>

#include "kernel/assert.hpp"

namespace purser::rpc {

class Directory {
 public:
  template <class Interface>
  void put(std::shared_ptr<Interface> service) {
    services_[typeid(Interface)] = std::move(service);
  }
  // A service that nobody put in is a mistake of app/: a bug.
  template <class Interface>
  Interface& get() const {
    const auto found = services_.find(typeid(Interface));
    PURSER_ASSERT(found != services_.end());
    return *static_cast<Interface*>(found->second.get());
  }

 private:
  std::map<std::type_index, std::shared_ptr<void>> services_;
};

}  // namespace purser::rpc
