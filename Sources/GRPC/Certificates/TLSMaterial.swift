import GRPCShim
import Primitives

/// What files of TLS held when they were found sound: a pair that belongs together and is valid, and authorities.
struct TLSMaterial: Sendable, Equatable {
    let certificate: [UInt8]
    let key: [UInt8]
    let authorities: [UInt8]
    /// Seconds since 1970 at which the certificate ends.
    let expires: Double
    private let files: TLSFiles

    /// Errors name the file and what is wrong with it.
    init(_ files: TLSFiles, now: Double) throws(Failure) {
        self.files = files
        certificate = try Self.read(files.certificate)
        key = try Self.read(files.key)
        authorities = try Self.read(files.authorities)
        var expires: Int64 = 0
        let moment = Int64(now.clamped(to: 0...1e11))
        let fault = Self.withPEM(certificate, key, authorities) { mlt_grpc_pem_check(&$0, moment, &expires) }
        self.expires = Double(expires)
        let (pair, key, authorities) = (files.title(files.certificate), files.title(files.key), files.title(files.authorities))
        switch fault {
        case mlt_grpc_pem_sound: break
        case mlt_grpc_pem_no_certificate: throw Self.failure("\(pair) holds no certificate in PEM")
        case mlt_grpc_pem_no_key: throw Self.failure("\(key) holds no private key in PEM, or one with a password; write it without one")
        case mlt_grpc_pem_no_authority: throw Self.failure("\(authorities) holds no certificate in PEM")
        case mlt_grpc_pem_mismatch:
            throw Self.failure("the key in \(key) is not that of the certificate in \(pair); put both of one pair there")
        case mlt_grpc_pem_early:
            throw Self.failure("the certificate in \(pair) is not valid yet; is the clock of this machine right?")
        default: throw Self.failure(Self.expired(pair, self.expires))
        }
    }

    /// That it has expired meanwhile; nil while it has not.
    func whyExpired(now: Double) -> String? { now < expires ? nil : Self.expired(files.title(files.certificate), expires) }

    private static func expired(_ name: String, _ end: Double) -> String {
        "the certificate in \(name) expired at \(timestampText(end)); put a new one there"
    }

    func withPEM<Result>(_ body: (inout mlt_grpc_pem) -> Result) -> Result { Self.withPEM(certificate, key, authorities, body) }

    private static func withPEM<Result>(
        _ certificate: [UInt8], _ key: [UInt8], _ authorities: [UInt8], _ body: (inout mlt_grpc_pem) -> Result
    ) -> Result {
        certificate.withGRPCBytes { certificate in
            key.withGRPCBytes { key in
                authorities.withGRPCBytes { authorities in
                    var pem = mlt_grpc_pem(certificate: certificate, key: key, authorities: authorities)
                    return body(&pem)
                }
            }
        }
    }

    private static func read(_ path: String) throws(Failure) -> [UInt8] {
        let bytes = try Files.read(path, limitBytes: 1 << 20, regularOnly: true)
        // C reads up to the first NUL, and would see less than was written.
        guard !bytes.contains(0) else { throw failure("\(path) holds a NUL byte, and is no PEM") }
        return bytes
    }

    private static func failure(_ what: String) -> Failure { Failure(.configuration, what) }
}
