// Whom a TLS handshake believes, and what it was shown: the side of the shim that talks to OpenSSL.
#pragma once
#include "CurlShim.h"
#include <curl/curl.h>

/// What one transfer believes, and what its last handshake was shown.
///
/// The transfer holds it, and so does every TLS context that was made for it: a connection outlives the transfer that opened it, and
/// libcurl may move a handshake on while it closes one. All of them live on the thread of the multi handle, so holders are counted
/// without a lock.
typedef struct mlt_trust mlt_trust;

int mlt_trust_global_setup(void);
/// A trust with one holder; NULL when memory is short, or when there are no fingerprints where there should be.
mlt_trust *mlt_trust_new(const mlt_curl_request *request);
/// Frees it with its last holder. NULL is allowed.
void mlt_trust_release(mlt_trust *trust);
/// Sets everything that belongs to TLS. Returns 0 when libcurl refuses some of it.
int mlt_trust_apply(mlt_trust *trust, CURL *easy, const mlt_curl_request *request);
/// Says in `outcome` what is wrong with the certificate, if that is why the transfer failed.
void mlt_trust_explain(const mlt_trust *trust, CURL *easy, mlt_curl_outcome *outcome);
