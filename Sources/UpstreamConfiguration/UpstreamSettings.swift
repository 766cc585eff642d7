package import Primitives
package import Settings
package import Web

/// Where a program is that is asked or sent to, and how.
package struct UpstreamSettings: Sendable {
    /// The URL in front of the program's own paths, without a slash at its end.
    package var url: String
    /// Whom to believe behind https.
    package var trust = HTTPRequest.Trust.system
    /// The value of `Authorization`; nil where nothing is shown.
    package var authorization: Secret?

    /// One that asks for nothing.
    package init(url: String) { self.url = url }

    /// - Parameter section: `url`, and what goes with it.
    /// - Parameter name: of the section, with those that it stands in, for errors.
    /// - Parameter standard: the URL where none is given; nil for none.
    package static func read(_ section: SettingsTree, _ name: String, standard: String?) throws(Failure) -> UpstreamSettings? {
        guard let text = section.word("url") ?? standard, text != "off" else { return nil }
        var settings = UpstreamSettings(url: try checked(text, section["url"]))
        if let file = section.word("ca_file") {
            guard text.hasPrefix("https://") else {
                throw section["ca_file"].failure(
                    "ca_file: \(name.split(separator: ".").last ?? "") is asked over http, which shows no certificate")
            }
            guard Files.exists(file) else { throw section["ca_file"].failure("ca_file: there is no file \(file)") }
            settings.trust = .authority(file: file)
        }
        switch (section.word("username"), section.word("password_file"), section.word("bearer_token_file")) {
        case (nil, nil, nil): break
        case (nil, nil, _?): settings.authorization = Secret("Bearer " + (try oneLine("bearer_token_file", section)))
        case (let user?, _?, nil):
            guard !user.contains(":") else { throw section["username"].failure("username: a name with a colon cannot be shown to anybody") }
            settings.authorization = Secret("Basic " + base64(Array("\(user):\(try oneLine("password_file", section))".utf8)))
        case (_, _, _?):
            throw section["bearer_token_file"].failure("bearer_token_file, and username with password_file, exclude each other")
        default: throw section.failure("\(name): username and password_file belong together")
        }
        return settings
    }

    /// The keys of a section, with the program's name in their texts.
    package static func keys(_ program: String, standard: String) -> [SettingsKey] {
        [
            SettingsKey(
                "url", .text, "URL of \(program), with the path in front of its own if there is one; off for none.", standard: standard),
            SettingsKey("ca_file", .text, "PEM file of the authority that signed its certificate.", standard: "the system's authorities"),
            SettingsKey("username", .text, "Name under which it is asked, where it wants one."),
            SettingsKey("password_file", .text, "File of that name's password."),
            SettingsKey("bearer_token_file", .text, "File of a token that it is shown instead."),
        ]
    }

    /// A request of the program, by its path below the URL.
    package func request(_ path: String, by deadline: Deadline) -> HTTPRequest {
        var request = HTTPRequest(url: url + path, deadline: deadline)
        request.trust = trust
        if let authorization { request.headers.append(("Authorization", authorization.reveal())) }
        return request
    }

    private static func oneLine(_ key: String, _ section: SettingsTree) throws(Failure) -> String {
        let line = try section.secretLine(key)
        guard line.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw section[key].failure("\(key): a control character stands in the file")
        }
        return line
    }

    private static func checked(_ text: String, _ place: SettingsTree) throws(Failure) -> String {
        let scheme = ["http://", "https://"].first(where: text.hasPrefix)
        guard let start = scheme, let first = text.dropFirst(start.count).utf8.first, first != UInt8(ascii: "/"),
            first != UInt8(ascii: ":"),
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"?#@\"\\<>".utf8.contains($0) })
        else {
            // What stands before @ may be a password.
            let shown = text.contains("@") ? "; a password goes into password_file" : ", not \(quoted(text))"
            let lack = scheme == nil ? "; http:// or https:// is missing" : ""
            throw place.failure("url: expected a URL, http://HOST:PORT, without user, query and fragment\(shown)\(lack)")
        }
        var url = text
        while url.hasSuffix("/") { url.removeLast() }
        return url
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for place in 0..<4 {
                text.append(place <= group.count ? digits[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
