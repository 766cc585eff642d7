import Primitives
import Serving
import Settings
import Web

/// `martlet health URL`
enum HealthCommand {
    static let command = Command(
        "health", "Asks a service on this machine once and ends with 0 if it answers 200, with 1 if not: a health check without a shell",
        flags: [Flag("timeout", "DURATION", "Longest to wait for the answer", standard: "3s")],
        arguments: ["URL"],
        notes: ["URL is one such as http://127.0.0.1:9221/health (alive) or http://127.0.0.1:9221/ready (has data)."])

    static func run(_ invocation: CommandLineParser.Invocation) throws(Failure) -> Never {
        let url = invocation.arguments.first ?? ""
        // Whoever answers on loopback is this machine, so the certificate, which hardly names 127.0.0.1, proves nothing more.
        guard isOfThisMachine(url) else {
            throw Failure(.usage, "\(shown(url)) is not of this machine: expected a URL such as http://127.0.0.1:9221/health")
        }
        let timeout = invocation.value("timeout") ?? ""
        guard let seconds = SettingsShape.seconds(of: timeout), (0.1...60).contains(seconds) else {
            throw Failure(.usage, "--timeout: expected \(SettingsShape.seconds(0.1...60).expectation), not \"\(timeout)\"")
        }
        try ServiceRunner.run { _ throws(Failure) in
            let client = try HTTPClient()
            var request = HTTPRequest(url: url, deadline: .after(seconds: seconds))
            request.trust = .insecure
            request.bodyLimitBytes = 64 << 10
            let response: HTTPResponse
            do throws(HTTPClientError) {
                response = try await client.send(request)
            } catch {
                throw Failure(.environment, "\(shown(url)): \(error)")
            }
            guard response.status == 200 else {
                throw Failure(.environment, "\(shown(url)) answers \(response.status): \(firstLine(response.body))")
            }
            Program.finish("\(shown(url)): \(firstLine(response.body))\n")
        }
    }

    /// Whether the URL leads to loopback and holds no name and password, which could show in a log.
    static func isOfThisMachine(_ url: String) -> Bool {
        guard let scheme = ["http://", "https://"].first(where: url.hasPrefix), !url.contains("@") else { return false }
        let authority = url.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let isBracketed = authority.hasPrefix("[")
        let end = isBracketed ? authority.firstIndex(of: "]") : authority.lastIndex(of: ":")
        let host = authority[..<(end ?? authority.endIndex)].drop { $0 == "[" }
        return host == "localhost" || (isBracketed ? host == "::1" : host.hasPrefix("127.") && IPAddress(String(host)) != nil)
    }

    /// What stands before @ may be a password.
    private static func shown(_ url: String) -> String { url.contains("@") ? "the URL" : String(url.prefix(200)) }

    private static func firstLine(_ body: [UInt8]) -> String {
        let line = body.prefix { $0 != UInt8(ascii: "\n") }.prefix(200)
        return String(decoding: line.map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: " ") : $0 }, as: UTF8.self)
    }
}
