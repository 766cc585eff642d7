#include "LibvirtShim.h"
