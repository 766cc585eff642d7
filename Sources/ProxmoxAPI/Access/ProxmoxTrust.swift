package import Primitives
package import Web

/// Makes the trust of an endpoint from what settings say.
package enum ProxmoxTrust {
    /// The authorities of a PEM file, which must hold one: a slip here would show as "unknown authority" at every call.
    package static func authority(file: String) throws(Failure) -> HTTPRequest.Trust {
        let bytes = try Files.read(file, limitBytes: 1 << 20)
        guard CertificateFingerprint(certificatePEM: String(decoding: bytes, as: UTF8.self)) != nil else {
            throw Failure(.configuration, "\(file) holds no PEM certificate; /etc/pve/pve-root-ca.pem of the cluster does")
        }
        return .authority(file: file)
    }

    /// Certificates by their SHA-256, one for each node that may be asked.
    package static func fingerprints(_ texts: [String]) throws(Failure) -> HTTPRequest.Trust {
        var fingerprints: [CertificateFingerprint] = []
        for text in texts {
            guard let fingerprint = CertificateFingerprint(parsing: text) else {
                // Anything else than a fingerprint may be a secret in the wrong place.
                let isHexadecimal = text.utf8.count <= 120 && text.unicodeScalars.allSatisfy { $0 == ":" || $0.properties.isASCIIHexDigit }
                throw Failure(
                    .configuration,
                    "\(isHexadecimal ? "\"\(text)\"" : "this") is no SHA-256 of a certificate; expected 64 hexadecimal digits, with colons or "
                        + "without, as pvenode cert info prints them")
            }
            fingerprints.append(fingerprint)
        }
        guard !fingerprints.isEmpty else { throw Failure(.configuration, "no fingerprint is named") }
        return .fingerprints(fingerprints)
    }
}
