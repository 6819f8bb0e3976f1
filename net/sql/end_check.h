// Asked now and then by whatever works for a query: true ends it.
#pragma once

namespace net {

class EndCheck {
 public:
  virtual bool must_end() = 0;

 protected:
  ~EndCheck() = default;
};

}  // namespace net
