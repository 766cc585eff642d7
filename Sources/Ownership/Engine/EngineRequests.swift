import JSON
import Primitives
import Synchronization
import Web

/// The requests that an engine gets from us: five paths, all of them GET.
struct EngineRequests: Sendable {
    let http: HTTPClient
    let socket: String

    /// What happens to containers and changes what is known of them; commands that are run in them are left out. Podman looks for its own
    /// words in the filter, `died` for one, and then tells Docker's.
    private static let events = [
        "create", "start", "die", "died", "oom", "restart", "pause", "unpause", "stop", "kill", "rename", "update", "destroy", "remove",
        "cleanup",
        "health_status",
    ]

    /// Errors: no answer, or none of an engine.
    func about(by deadline: Deadline) async throws(Failure) -> (product: String, version: String) {
        try Self.about(await get("/version", bodyLimitBytes: 1 << 20, by: deadline) ?? [])
    }

    static func about(_ body: [UInt8]) throws(Failure) -> (product: String, version: String) {
        try JSONDocument(parsing: body).withRoot { root in
            var product = "docker"
            root["Components"]?.forEachElement { if $0["Name"]?.text == "Podman Engine" { product = "podman" } }
            return (product, shortLine(root["Version"]?.text ?? "", limit: 64))
        }
    }

    func list(limit: Int, bodyLimitBytes: Int, by deadline: Deadline) async throws(Failure) -> [EngineBook.Listed] {
        try Self.list(await get("/containers/json?all=1", bodyLimitBytes: bodyLimitBytes, by: deadline) ?? [], limit: limit)
    }

    static func list(_ body: [UInt8], limit: Int) throws(Failure) -> [EngineBook.Listed] {
        let list: [EngineBook.Listed]? = try JSONDocument(parsing: body).withRoot { root in
            guard root.isArray else { return nil }
            var running: [EngineBook.Listed] = []
            var others: [EngineBook.Listed] = []
            root.forEachElement { entry in
                guard let id = entry["Id"]?.text, EngineContainer.isID(id) else { return }
                let state = entry["State"]?.text?.lowercased() ?? ""
                let listed = EngineBook.Listed(id: id, state: state == "stopped" ? "exited" : shortLine(state, limit: 32))
                // The list begins with the newest.
                if ["running", "paused", "restarting"].contains(state) { running.append(listed) } else { others.append(listed) }
            }
            return Array((running + others).prefix(limit))
        }
        guard let list else { throw Failure(.malformed, "the list of containers is none") }
        return list
    }

    /// What the engine says of one container.
    enum Inspection {
        case told(EngineContainer)
        /// There is no such container.
        case gone
        /// No answer about it, and why. Of others the engine may tell all the same.
        case untold(Failure)
        /// There is no engine any more.
        case silent(Failure)
    }

    func inspection(of id: String, labels: Set<String>, bodyLimitBytes: Int, by deadline: Deadline) async -> Inspection {
        var request = request("/containers/\(id)/json", by: deadline)
        request.bodyLimitBytes = bodyLimitBytes
        let answer: HTTPResponse
        do throws(HTTPClientError) { answer = try await http.send(request) } catch {
            let failure = Failure(.unavailable, "\(socket): \(error.message)")
            return error.kind == .tooLarge || error.kind == .timeout ? .untold(failure) : .silent(failure)
        }
        if answer.status == 404 { return .gone }
        if answer.status != 200 { return .untold(strange(answer)) }
        return Self.inspection(in: answer.body, labels)
    }

    static func inspection(in body: [UInt8], _ labels: Set<String>) -> Inspection {
        let container: EngineContainer?
        do throws(Failure) {
            container = try JSONDocument(parsing: body, depth: 32).withRoot { EngineContainer(inspection: $0, labels: labels) }
        } catch {
            return .untold(error)
        }
        guard let container else { return .untold(Failure(.malformed, "what is told of a container is none")) }
        return .told(container)
    }

    /// Hands on pieces of the stream until it ends, which it does with a reason or, at the deadline, without.
    func events(by deadline: Deadline, _ onPiece: @escaping @Sendable ([UInt8]) -> Void) async -> Failure? {
        let kinds = Self.events.map { "%22\($0)%22" }.joined(separator: ",")
        var request = request("/events?filters=%7B%22type%22:%5B%22container%22%5D,%22event%22:%5B\(kinds)%5D%7D", by: deadline)
        request.onBodyPiece = { piece in
            onPiece(piece)
            return true
        }
        do throws(HTTPClientError) {
            let answer = try await http.send(request)
            return Failure(.unavailable, answer.status == 200 ? "/events has ended" : "/events answers with status \(answer.status)")
        } catch {
            return error.kind == .timeout ? nil : Failure(.unavailable, "/events: \(error.message)")
        }
    }

    /// Hands on pieces of what a container has printed and prints, each line with its time, until it ends, or the deadline, or `onPiece` has enough.
    ///
    /// - Parameter since: seconds since 1970.
    func logs(of id: String, since: Int64, by deadline: Deadline, _ onPiece: @escaping @Sendable ([UInt8]) -> Bool) async -> LogStreamEnd {
        var request = request("/containers/\(id)/logs?follow=1&stdout=1&stderr=1&timestamps=1&since=\(max(0, since))", by: deadline)
        // What comes with another status than 200 is a sentence, and no log.
        let said = Mutex<[UInt8]>([])
        request.onBodyPiece = { piece in
            said.withLock { if $0.count < 400 { $0 += piece.prefix(400) } }
            return onPiece(piece)
        }
        do throws(HTTPClientError) {
            let answer = try await http.send(request)
            if answer.status == 200 { return .ended }
            if answer.status == 404 { return .gone }
            let words = String(decoding: said.withLock { $0 }.prefix(400), as: UTF8.self)
            return .refused("status \(answer.status): \(shortLine(words))")
        } catch {
            return error.kind == .timeout || error.kind == .cancelled ? .givenUp : .failed(error.message)
        }
    }

    private func request(_ path: String, by deadline: Deadline) -> HTTPRequest {
        var request = HTTPRequest(url: "http://engine" + path, deadline: deadline)
        request.unixSocket = socket
        return request
    }

    /// Nil for a status of 404.
    private func get(_ path: String, bodyLimitBytes: Int, by deadline: Deadline) async throws(Failure) -> [UInt8]? {
        var request = request(path, by: deadline)
        request.bodyLimitBytes = bodyLimitBytes
        let answer: HTTPResponse
        do throws(HTTPClientError) { answer = try await http.send(request) } catch {
            throw Failure(.unavailable, "\(socket): \(error.message)")
        }
        if answer.status == 404 { return nil }
        guard answer.status == 200 else { throw strange(answer) }
        return answer.body
    }

    private func strange(_ answer: HTTPResponse) -> Failure {
        Failure(.unavailable, "\(socket) answers with status \(answer.status)")
    }
}
