#ifndef GRPC_SHIM_H
#define GRPC_SHIM_H

#endif
