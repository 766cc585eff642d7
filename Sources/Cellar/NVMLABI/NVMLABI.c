// Nothing but the header, whose assertions are checked as this is compiled.
#include "NVMLABI.h"
