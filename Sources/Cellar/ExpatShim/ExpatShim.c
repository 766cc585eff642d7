#include "ExpatShim.h"
