#ifndef EXPAT_SHIM_H
#define EXPAT_SHIM_H

#endif
