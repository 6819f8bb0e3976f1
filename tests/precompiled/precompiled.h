// As engine/precompiled/precompiled.h, with the test framework.
#include "engine/precompiled/precompiled.h"
#include "tests/catch.h"
