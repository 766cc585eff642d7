@testable import Exporting
import FuzzSupport
import Primitives
@testable import ProxmoxAPI
@testable import ProxmoxDropIn
@testable import Settings
@testable import Simulation
@testable import Web

// Texts of requests: what they name, what lets them in, what they ask for. Then the same texts as settings and answers hold them.

/// libFuzzer's door: one input. Always 0, or the program ends.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let input = Input(start, count)
    switch input.choice & 15 {
    case 0: target(input.text)
    case 1: allowedTargets(input.halves.first, input.halves.second)
    case 2: listenPlace(input.text)
    case 3: scrapeHeaders(input.text)
    case 4: endpoint(input.halves.first, prefix: input.halves.second)
    case 5: percentText(input.bytes)
    case 6: login(input.bytes)
    case 7: taskFilter(input.bytes)
    case 8: route(input.text)
    case 9: fingerprint(input.text)
    case 10: credential(input.halves.first, input.halves.second)
    case 11: ticket(input.text)
    case 12: basicCredentials(input.text)
    case 13: host(input.text)
    case 14: framing(input.bytes)
    default: hash(input.text)
    }
    return 0
}

// MARK: /pve

private func target(_ text: String) {
    guard let target = DropInTarget(text) else { return }
    let authority = target.authority(port: 8006)
    demand(
        authority.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"@/?#\\%\"'<>".utf8.contains($0) },
        "an authority is host and port: \(authority)")
    let port = target.port ?? 8006
    demand(authority.hasSuffix(":\(port)"), "an authority ends with the port: \(authority)")
    let again = DropInTarget(authority)
    demand(again?.host == target.host && again?.port == port, "an authority means what the target meant: \(authority)")
    do {
        let endpoint = try ProxmoxEndpoint(address: authority, trust: .system)
        demand(endpoint.authority == authority, "an endpoint is where the target is: \(authority), \(endpoint.authority)")
    } catch {
        demand(false, "what is a target is an address: \(authority): \(error)")
    }
}

/// The first text is the list, the second a target.
private func allowedTargets(_ list: String, _ text: String) {
    let targets: AllowedTargets
    do { targets = try allowed(list) } catch {
        demandFitForTerminal("\(error)")
        return
    }
    guard let target = DropInTarget(text) else { return }
    let isAllowed = targets.allows(target, port: 8006)
    demand(!targets.isEmpty || !isAllowed, "an empty list allows nothing")
    demand(!targets.allowsAll || isAllowed, "* allows all")
    guard isAllowed, !targets.allowsAll else { return }
    // One entry of the list must be what allows it, and an entry that names neither stars nor a range must be the target.
    let reasons = list.split(separator: ",").filter { (try? allowed(String($0)))?.allows(target, port: 8006) == true }
    demand(!reasons.isEmpty, "an entry allows \(target.authority(port: 8006)): \(list)")
    guard case .name(let name) = target.host else { return }
    demand(
        reasons.contains { $0.contains("*") || $0.lowercased().contains(name) },
        "an entry without a star is the name that it allows: \(name): \(list)")
}

private func allowed(_ list: String) throws(Failure) -> AllowedTargets {
    let key = SettingsKey("allowed_targets", .texts, "Targets.")
    let flag = SettingsFlagValue(name: "pve.allowed-targets", path: ["allowed_targets"], values: [list], isList: true)
    return try AllowedTargets(SettingsTree(file: nil, environment: [:], flags: [flag], shape: .section([key]))["allowed_targets"])
}

// MARK: our own doors

private func listenPlace(_ text: String) {
    do {
        let place = try ListenPlace(parsing: text)
        demand(try ListenPlace(parsing: "\(place)") == place, "a place that is written means the same: \(place)")
        if case .network(let address) = place {
            demand(!address.isLoopback || !address.host.isEmpty, "all addresses are not loopback")
        }
    } catch {
        demandFitForTerminal("\(error)")
    }
}

private func scrapeHeaders(_ text: String) {
    let seconds = ScrapeDeadline(capSeconds: 10).seconds(header: text)
    demand((0.05...10).contains(seconds), "a scrape takes no longer than our own limit: \(seconds)")
    _ = ScrapeDeadline(capSeconds: 10).deadline(header: text, from: .now)
    _ = ContentCoding.acceptsGzip(text)
    let format = ContentNegotiation.format(accept: text.split(separator: "\n").map(String.init))
    let mayBeOther = text.contains("*") || text.lowercased().contains("openmetrics-text")
    demand(format == .text || mayBeOther, "who asks for text gets text: \(format)")
    demand(format.contentType.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }, "a content type is one of ours: \(format.contentType)")
}

private func basicCredentials(_ text: String) {
    guard let credentials = BasicCredentials(authorizationHeader: "Basic \(text)") else { return }
    demand(!credentials.password.contains(0) && !credentials.user.utf8.contains(0), "nothing ends a password in C before its end")
    demand(!credentials.user.contains(":"), "a user ends at the colon")
    demand(credentials.user.utf8.count + credentials.password.count <= 2048, "credentials are short")
}

private func host(_ text: String) {
    switch HostCheck().judge(hosts: [text]) {
    case .allowed:
        let name = text.lowercased()
        demand(
            name.contains("localhost") || name.contains("127.") || name.contains("::") || name.contains("0:"),
            "only names of this machine are allowed: \(text)")
        demand(text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"@/".utf8.contains($0) }, "an allowed host is a host: \(text)")
    case .refused(let status, let text):
        demand(status == 400 || status == 403, "a refusal is one")
        demandFitForTerminal(String(text.dropLast()))
    }
}

/// Each line is a header field.
private func framing(_ bytes: [UInt8]) {
    var headers = HTTPHeaders()
    for line in bytes.split(separator: UInt8(ascii: "\n")).prefix(32) {
        let halves = line.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
        headers.add(String(decoding: halves[0], as: UTF8.self), halves.count > 1 ? String(decoding: halves[1], as: UTF8.self) : "")
    }
    let request = HTTPServerRequest(method: "GET", path: "/", headers: headers)
    if let problem = request.framingProblem {
        if case .ambiguous(let words) = problem { demandFitForTerminal(words) }
    } else {
        demand(headers["Transfer-Encoding"] == nil, "a request ends in one way")
    }
}

private func hash(_ text: String) {
    do {
        let hash = try BcryptHash(parsing: text)
        demand(BcryptHash.costs.contains(hash.cost), "a hash costs what is allowed")
        demand("\(hash)" == "***" && "\([hash])" == "[***]", "a hash is not printed")
        demand(hash.setting.utf8.count == 29, "a setting is variant, cost and salt")
    } catch {
        demand(error != .cost(10), "a cost of 10 is allowed")
    }
}

// MARK: the way to Proxmox

private func endpoint(_ address: String, prefix: String) {
    do {
        let endpoint = try ProxmoxEndpoint(address: address, trust: .system, pathPrefix: prefix)
        demand(
            endpoint.baseURL.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"@?#\\\"<>".utf8.contains($0) },
            "a URL is host and path: \(endpoint.baseURL)")
        demand(endpoint.baseURL.contains("://\(endpoint.authority)"), "a URL leads to the host: \(endpoint.baseURL)")
        demand(!endpoint.baseURL.split(separator: "/").contains(".."), "a prefix stays in its place: \(endpoint.baseURL)")
        let again = try ProxmoxEndpoint(address: endpoint.authority, trust: .system)
        demand(again.authority == endpoint.authority, "an authority that is read again is the same")
    } catch {
        demandFitForTerminal("\(error)")
        demand(!address.contains("@") || !"\(error)".contains("@"), "what may be a password is not repeated: \(error)")
    }
}

private func fingerprint(_ text: String) {
    if let fingerprint = CertificateFingerprint(parsing: text) {
        demand(CertificateFingerprint(parsing: "\(fingerprint)") == fingerprint, "a fingerprint that is written is the same")
    }
    do { _ = try ProxmoxTrust.fingerprints([text]) } catch { demandFitForTerminal("\(error)") }
    _ = CertificateFingerprint(certificatePEM: text)
}

private func credential(_ user: String, _ password: String) {
    do {
        let credential = try ProxmoxCredential.token(parsing: user)
        demand(credential.secrets.allSatisfy { !$0.isEmpty }, "a token has a secret")
        demand("\(credential.identity)=\(credential.secrets[0])" == user, "a token is who and what")
        demand("\(Secret(credential.secrets[0]))" == "***", "a secret is not printed")
    } catch {
        demandFitForTerminal("\(error)")
    }
    // Whatever the password is, what is said of a user that is none is the same.
    demand(refusal(user, password) == refusal(user, "another"), "a password is not repeated")
}

private func refusal(_ user: String, _ password: String) -> String? {
    do {
        _ = try ProxmoxCredential.login(user, Secret(password))
        return nil
    } catch {
        demandFitForTerminal("\(error)")
        return "\(error)"
    }
}

// MARK: the simulator

private func percentText(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    let encoded = percentEncoded(text)
    demand(encoded.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"&=+/?#".utf8.contains($0) }, "encoded text is one word: \(encoded)")
    demand(PercentText.decoded(encoded.utf8).elementsEqual(text.utf8), "text that is encoded and decoded is the same")
    demand(PercentText.decoded(bytes).count <= bytes.count, "decoding makes nothing longer")
    let part = ProxmoxClient.pathPart(text)
    demand(part != "." && part != ".." && !part.contains("/"), "a name stays in its place: \(part)")
    for (name, value) in PercentText.form(bytes) {
        demand(name.utf8.count + value.utf8.count <= 3 * bytes.count, "a form is no longer than its body")
    }
}

/// The first byte chooses how the parameters are written.
private func login(_ bytes: [UInt8]) {
    let type = bytes.first.map { $0 & 1 == 0 } == true ? "application/json" : "application/x-www-form-urlencoded"
    let request = HTTPServerRequest(
        method: "POST", path: "/api2/json/access/ticket", headers: HTTPHeaders([("Content-Type", type)]), body: Array(bytes.dropFirst()))
    do {
        let login = try LoginRequest(request)
        demand("\(login.password)" == "***", "a password is not printed")
    } catch {
        demand(!error.errors.isEmpty, "a refusal has a reason")
        demand(Set(error.errors.map(\.name)).count <= error.errors.count, "reasons have names")
    }
}

private func taskFilter(_ bytes: [UInt8]) {
    let tasks = (0..<20).map { index in
        WorldTask(
            node: "pve1", processID: 1_000 + index, processStart: index, start: 1_790_000_000 + index, end: 1_790_000_100 + index,
            type: index % 2 == 0 ? "vzdump" : "qmstart", id: "\(100 + index)", outcome: index % 3 == 0 ? "OK" : "WARNINGS: 1",
            isRunning: index % 5 == 0, run: nil)
    }
    guard let filter = try? TaskFilter(PercentText.form(bytes)) else { return }
    let (chosen, total) = filter.apply(tasks)
    demand(chosen.count <= min(total, max(0, filter.limit)) && total <= tasks.count, "a filter chooses among what there is")
}

private func route(_ text: String) {
    guard let path = ProxmoxRoute.apiPath(text) else { return }
    let route = ProxmoxRoute(path)
    demand(!route.pattern.isEmpty && route.pattern.utf8.count < 60, "a call is counted under one of few names")
    if let node = route.node { demand(!node.contains("/"), "a node is one part of the path") }
}

private let office = TicketOffice(lifetimeSeconds: 7_200)

/// The users of a simulated cluster, of whom one has a token.
private let directory: AccessDirectory? = {
    var options = ProxmoxSimulator.Options()
    options.token = Secret("a@pve!t=0123456789abcdef")
    return try? AccessSetup(options).directory()
}()

private func ticket(_ text: String) {
    demand(office.user(of: text, at: 1_790_000_000) == nil, "nobody writes a ticket by chance: \(text)")
    demand(!office.acceptsChallenge(text, of: "a@pve", at: 1_790_000_000), "nor a challenge")
    demand(!office.acceptsPreventionToken(text, of: "a@pve", at: 1_790_000_000), "nor a token")
    guard let directory else { return demand(false, "there is a cluster with a token") }
    demand(TokenCheck(directory).identity(in: text, at: 1_790_000_000) == nil, "nor the secret of another's token")
}
