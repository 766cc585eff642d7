import Objects
import ObjectStore
import Primitives
import Web

/// A watch of a kube-apiserver: one long answer, a line for each change.
final class KubeWatch: ObjectWatch {
    private let kind: ResourceKind
    private let client: KubeClient
    private let feed: WatchFeed
    /// It holds neither this nor the store, and ends when this goes.
    private let transfer: Task<Void, Never>

    /// Comes back when the server has begun to answer.
    init(_ client: KubeClient, _ kind: ResourceKind, in namespace: String?, from version: String) async throws(StoreError) {
        self.kind = kind
        self.client = client
        let limits = client.limits
        let feed = WatchFeed(limits)
        self.feed = feed
        let seconds = Int.random(in: limits.watchSeconds)
        let query = KubePath.query([
            ("watch", "1"), ("allowWatchBookmarks", "true"), ("resourceVersion", version.isEmpty ? nil : version),
            ("timeoutSeconds", String(seconds)),
        ])
        // The server ends it; should it forget to, we do.
        var request = client.connection.request(
            "GET", KubePath.collection(kind, in: namespace) + query, by: .after(seconds: Double(seconds) + limits.requestSeconds))
        request.connectTimeoutSeconds = limits.connectSeconds
        request.headers += [("Accept", "application/json"), ("User-Agent", KubeClient.userAgent)]
        request.onStatus = { status in
            feed.begin(status)
            return true
        }
        request.onBodyPiece = { feed.put($0) }
        let (http, asked, start, server) = (client.http, request, ContinuousClock.now, client.connection.server)
        transfer = Task {
            let result: Result<HTTPResponse, HTTPClientError>
            do throws(HTTPClientError) { result = .success(try await http.send(asked)) } catch { result = .failure(error) }
            let isShort = (ContinuousClock.now - start).seconds < limits.shortestWatchSeconds
            switch result {
            // Who is told that all is well asks again at once, and would go on doing so.
            case .success where isShort && feed.count == 0:
                feed.finish(StoreError(.unavailable, "\(server) ends a watch of \(kind.plural) as soon as it has begun"))
            case .success: feed.finish(nil)
            case .failure(let error) where error.kind == .timeout && !isShort: feed.finish(nil)
            case .failure(let error): feed.finish(client.failure(error))
            }
        }
        let opening = Deadline.after(seconds: limits.requestSeconds)
        let status = await feed.status.value(by: opening, late: -1)
        guard status != 200 else { return }
        let isWhole = status > 0 ? await feed.isOver.value(by: opening, late: false) : false
        transfer.cancel()
        if isWhole { throw client.refusal(status, feed.refusal, .init(kind)) }
        if status == 0, case .end(let error?)? = await feed.next() { throw error }
        throw StoreError(.timeout, "\(server) does not begin a watch of \(kind.plural) within \(limits.requestSeconds) s")
    }

    func next() async throws(StoreError) -> WatchEvent? {
        while let item = await feed.next() {
            switch item {
            case .end(let error?): throw error
            case .end(nil): return nil
            case .line(let line): return try event(line)
            }
        }
        return nil
    }

    func stop() {
        feed.finish(nil)
        transfer.cancel()
    }

    deinit { stop() }

    // MARK: lines

    private func event(_ line: [UInt8]) throws(StoreError) -> WatchEvent {
        do throws(StoreError) { return try read(line) } catch {
            // What comes behind it is not known to be in order.
            stop()
            throw error
        }
    }

    private func read(_ line: [UInt8]) throws(StoreError) -> WatchEvent {
        let value: ObjectValue
        do throws(Failure) { value = try ObjectValue(parsing: line, limits: client.readLimits) } catch { throw strange(error.message) }
        guard let object = value["object"], let type = value["type"]?.text else { throw strange("it has no type or no object") }
        switch type {
        case "ADDED": return .added(try whole(object))
        case "MODIFIED": return .modified(try whole(object))
        case "DELETED": return .deleted(try whole(object))
        case "BOOKMARK":
            guard let version = object["metadata"]?["resourceVersion"]?.text, !version.isEmpty else {
                throw strange("a bookmark without a version")
            }
            return .bookmark(resourceVersion: version)
        case "ERROR":
            guard let status = KubeStatus(object) else { throw strange("an error that is no Status") }
            throw status.error(status: 500, of: nil)
        default: throw strange("a change of type \(type.prefix(40))")
        }
    }

    private func whole(_ value: ObjectValue) throws(StoreError) -> APIObject {
        var problems: [FieldProblem] = []
        let object = APIObject(kind, value, &problems)
        guard problems.isEmpty, !object.metadata.name.isEmpty, !object.metadata.resourceVersion.isEmpty else {
            throw strange(problems.first?.description ?? "an object without name or version")
        }
        return object
    }

    private func strange(_ why: String) -> StoreError {
        StoreError(.unavailable, "\(client.connection.server) sends what is no change of \(kind.plural): \(why)")
    }
}
