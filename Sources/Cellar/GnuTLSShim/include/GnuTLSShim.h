// The key and certificate of a simulated service, and the server's half of TLS: whom it shows itself as and whom it lets in.
#pragma once
#include <stddef.h>
#include <time.h>

/// Makes an ECDSA P-256 key and a certificate signed with it. Both texts are taken with malloc and freed by the caller. Returns 0, or a
/// negative code for `mlt_tls_error`.
int mlt_self_signed(const char *common_name, const char *const *names, size_t name_count, time_t now, unsigned days,
                    char **certificate_pem, char **key_pem);
/// A certificate that is to be made, and who signs it.
typedef struct mlt_certificate_wish {
    const char *common_name;
    const char *const *names;     ///< DNS names and addresses that it stands for
    size_t name_count;
    time_t now;
    unsigned days;
    int is_authority;             ///< it may sign others
    const char *issuer_pem;       ///< the certificate and the key of who signs it; NULL for itself
    const char *issuer_key_pem;
} mlt_certificate_wish;

/// Makes an ECDSA P-256 key and a certificate; texts and result as of `mlt_self_signed`.
int mlt_certificate_make(const mlt_certificate_wish *wish, char **certificate_pem, char **key_pem);
/// Whether a certificate stands for that DNS name or address.
int mlt_certificate_is_for(const char *certificate_pem, const char *name);
/// Whether a certificate is signed by the other's holder.
int mlt_certificate_is_signed_by(const char *certificate_pem, const char *issuer_pem);

/// What GnuTLS says of a code, static text.
const char *mlt_tls_error(int code);

/// What connections are served with: a certificate, its key, and whose certificates are wanted of clients. Never changes once made, so any
/// thread may use it.
typedef struct mlt_tls_server mlt_tls_server;

typedef enum mlt_client_certificate {
    mlt_client_none,                ///< not asked for
    mlt_client_request,             ///< asked for, and nothing comes of it
    mlt_client_require_any,         ///< some certificate, whoever signed it
    mlt_client_verify_if_given,     ///< none, or one that an authority vouches for
    mlt_client_require_and_verify,  ///< one that an authority vouches for
} mlt_client_certificate;

extern const int mlt_tls_mismatch;  ///< the code of a key that does not belong to its certificate

/// Which of the materials a code is about.
typedef enum mlt_tls_part { mlt_tls_nothing, mlt_tls_priority, mlt_tls_pair, mlt_tls_authorities } mlt_tls_part;

typedef struct mlt_tls_server_options {
    const char *priority;            ///< GnuTLS' priority string
    const char *certificate_pem;     ///< the chain, the server's own first
    const char *key_pem;
    const char *authorities_pem;     ///< NULL for none
    mlt_client_certificate client;
    const char *const *allowed_names;  ///< subject alternative names, one of which a client's certificate must have; none for any
    size_t allowed_name_count;
} mlt_tls_server_options;

/// Returns NULL on failure, with the code and what it is about.
mlt_tls_server *mlt_tls_server_make(const mlt_tls_server_options *options, int *code, mlt_tls_part *part);
void mlt_tls_server_free(mlt_tls_server *server);
/// Makes a session of this server, before its first byte. The server must outlive the session.
void mlt_tls_server_attach(mlt_tls_server *server, void *session);
/// Until when the server's own certificate is valid.
time_t mlt_tls_server_expires(const mlt_tls_server *server);
