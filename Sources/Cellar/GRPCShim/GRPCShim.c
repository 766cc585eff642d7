#include "GRPCShim.h"
