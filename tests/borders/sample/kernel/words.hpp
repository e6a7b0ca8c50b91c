// What kernel offers.
#pragma once
namespace purser { int word(); }
