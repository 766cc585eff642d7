#ifndef LIBVIRT_SHIM_H
#define LIBVIRT_SHIM_H

#endif
