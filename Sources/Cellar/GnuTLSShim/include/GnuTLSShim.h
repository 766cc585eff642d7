// One thing of GnuTLS that is many calls: a self-signed certificate.
#pragma once
#include <stddef.h>
#include <time.h>

/// Makes an ECDSA P-256 key and a certificate for the names (DNS names or textual IP addresses), valid from an hour before
/// `now` for `days`. `*certificate` and `*key` are PEM from malloc. Returns 0, or a GnuTLS error code.
int mlt_self_signed(const char *common_name, const char *const *names, size_t name_count, time_t now, unsigned days,
                    char **certificate, char **key);
const char *mlt_tls_error(int code);
