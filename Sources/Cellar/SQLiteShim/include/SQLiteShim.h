#ifndef SQLITE_SHIM_H
#define SQLITE_SHIM_H

#endif
