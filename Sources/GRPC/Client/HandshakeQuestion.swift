import Primitives
import Synchronization
import Web

/// Asks a server for its certificate once more when a handshake has failed, as gRPC does not say what it did not like.
///
/// It is asked over HTTPS, without a certificate of ours: that of the server comes first. Not more often than every few seconds, as calls fail by the hundred.
final class HandshakeQuestion: Sendable {
    private enum State {
        case idle
        case asked(at: ContinuousClock.Instant, String?)
        /// By another call, which will know it soon.
        case asking(last: String?)
    }

    private static let pauseSeconds = 3.0
    private static let answerSeconds = 2.0
    private static let http = Result { () throws(Failure) in try HTTPClient(connectionsPerHost: 1, connectionsKept: 0) }

    private let state = Mutex(State.idle)

    /// What is wrong with the server's certificate, in a sentence that begins with it; nil when that is not known.
    func problem(of place: GRPCPlace) async -> String? {
        guard case .network(let host, let port, let files, let expectedName) = place, case .success(let http) = Self.http else {
            return nil
        }
        let known: String?? = state.withLock { state in
            switch state {
            case .asking(let last): return .some(last)
            case .asked(let at, let answer) where (ContinuousClock.now - at).seconds < Self.pauseSeconds: return .some(answer)
            case .asked(_, let answer): state = .asking(last: answer)
            case .idle: state = .asking(last: nil)
            }
            return nil
        }
        if let known { return known }
        let name = expectedName ?? host
        let answer = await Self.ask(http, GRPCPlace.network(host: name, port: port, files).description, at: place, files)
        state.withLock { $0 = .asked(at: .now, answer) }
        return answer
    }

    private static func ask(_ http: HTTPClient, _ name: String, at place: GRPCPlace, _ files: TLSFiles) async -> String? {
        var request = HTTPRequest(url: "https://\(name)/", deadline: .after(seconds: answerSeconds))
        request.trust = .authority(file: files.authorities)
        request.connectTo = place.description
        request.bodyLimitBytes = 1 << 10
        do throws(HTTPClientError) {
            _ = try await http.send(request)
            return nil
        } catch {
            guard let certificate = error.certificate else { return nil }
            guard certificate.kind == .expired, let end = error.shown?.notAfter, end <= WallClock.system.unixSeconds else {
                return "\(place) is not believed: \(error.message)"
            }
            return "the certificate that \(place) shows expired at \(timestampText(end)); give the server a new one"
        }
    }
}
