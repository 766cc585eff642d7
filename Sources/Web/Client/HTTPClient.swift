import CurlShim
package import Primitives
import Synchronization

/// An HTTP/1.1 client with one driver thread and a pool of connections that are reused between calls.
///
/// It follows no redirect, uses no proxy but one that the request names and speaks no scheme but http and https: a credential goes to the
/// host it was meant for. Behind https nothing is sent before the server has proved to be one that the request trusts, and a connection is
/// reused only by requests with the same trust, client certificate and proxy.
package final class HTTPClient: Sendable {
    private let queue: ClientQueue

    private static let isLibraryReady = mlt_curl_global_setup() != 0

    package init(connectionsPerHost: Int = 128, connectionsKept: Int = 256) throws(Failure) {
        guard Self.isLibraryReady, let multi = mlt_curl_multi_new(connectionsPerHost, connectionsKept) else {
            throw Failure(.environment, "cannot start the HTTP client: libcurl refused")
        }
        let queue = ClientQueue(multi: multi)
        self.queue = queue
        try Thread.start("http-client") { ClientDriver(queue).run() }
    }

    // The thread holds the queue, not the client, so a client that nobody holds ends it.
    deinit { queue.close() }

    /// Ends the driver; calls in flight fail as cancelled.
    package func close() { queue.close() }

    /// Sends the request and collects the answer, by the request's deadline. A cancelled task ends its transfer.
    package func send(_ request: HTTPRequest) async throws(HTTPClientError) -> HTTPResponse {
        let transfer = Transfer(request)
        let result: Result<HTTPResponse, HTTPClientError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                transfer.begin(continuation)
                if let refusal = request.refusal {
                    transfer.fail(refusal)
                } else if request.deadline.hasPassed {
                    transfer.fail(.timeout, "no time left to ask")
                } else if !queue.add(transfer) {
                    transfer.fail(.cancelled, "the client is closed")
                }
            }
        } onCancel: {
            transfer.cancel()
            queue.cancel(transfer)
        }
        return try result.get()
    }
}

/// What callers hand to the driver thread.
private final class ClientQueue: Sendable {
    struct Work {
        var added: [Transfer] = []
        var cancelled: [Transfer] = []
        var isClosed = false
    }

    struct Multi: @unchecked Sendable {
        // Touched by the driver thread only, but for mlt_curl_wake, which libcurl allows from any thread while the handle lives.
        // It is woken under the lock and only before `isClosed`; the driver frees it after it has seen `isClosed`.
        let pointer: UnsafeMutableRawPointer
    }

    private let work = Mutex(Work())
    let multi: Multi

    init(multi: UnsafeMutableRawPointer) { self.multi = Multi(pointer: multi) }

    /// False when the client is closed.
    func add(_ transfer: Transfer) -> Bool { change { $0.added.append(transfer) } }

    func cancel(_ transfer: Transfer) { _ = change { $0.cancelled.append(transfer) } }

    func close() { _ = change { $0.isClosed = true } }

    func take() -> Work {
        work.withLock { work in
            defer { (work.added, work.cancelled) = ([], []) }
            return work
        }
    }

    private func change(_ body: (inout Work) -> Void) -> Bool {
        work.withLock { work in
            guard !work.isClosed else { return false }
            body(&work)
            mlt_curl_wake(multi.pointer)
            return true
        }
    }
}

/// The side of the client that owns libcurl's handles; lives on one thread.
private final class ClientDriver {
    private let queue: ClientQueue
    private let multi: UnsafeMutableRawPointer
    /// Keeps each transfer alive as long as libcurl may call it.
    private var running: [ObjectIdentifier: (transfer: Transfer, handle: UnsafeMutableRawPointer)] = [:]

    init(_ queue: ClientQueue) {
        self.queue = queue
        multi = queue.multi.pointer
    }

    func run() {
        while true {
            let work = queue.take()
            for transfer in work.added { start(transfer) }
            for transfer in work.cancelled { end(transfer)?.fail(.cancelled, "cancelled") }
            if work.isClosed { break }
            advance()
        }
        for (transfer, handle) in running.values {
            mlt_curl_end(multi, handle)
            transfer.fail(.cancelled, "the client is closed")
        }
        mlt_curl_multi_free(multi)
    }

    private func start(_ transfer: Transfer) {
        // A task that was cancelled before it asked has had its cancellation seen, perhaps, before there was anything to end.
        guard !transfer.isCancelled else { return transfer.fail(.cancelled, "cancelled") }
        if let handle = transfer.start(on: multi) {
            running[ObjectIdentifier(transfer)] = (transfer, handle)
        } else {
            transfer.fail(.url, "libcurl refuses the request")
        }
    }

    /// Ends the handle first: that gives its connection back to the pool before the next call asks for one.
    private func end(_ transfer: Transfer) -> Transfer? {
        guard let entry = running.removeValue(forKey: ObjectIdentifier(transfer)) else { return nil }
        mlt_curl_end(multi, entry.handle)
        return entry.transfer
    }

    private func advance() {
        _ = mlt_curl_advance(multi)
        var outcome = mlt_curl_outcome()
        while mlt_curl_next_finished(multi, &outcome) != nil {
            guard let context = outcome.context else { continue }
            end(Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue())?.finish(outcome)
        }
        endLate()
        // Rounded up, so that whoever wakes for a deadline finds it passed.
        let nearest = running.values.map(\.transfer.request.deadline).min()?.remainingSeconds ?? 1
        mlt_curl_wait(multi, Int32((nearest * 1000).rounded(.up).clamped(to: 0...1000)))
    }

    /// Deadlines are kept here too: libcurl's own timers may be late, and a late answer loses its whole part of a scrape.
    private func endLate() {
        for (transfer, _) in running.values where transfer.request.deadline.hasPassed {
            end(transfer)?.fail(.timeout, "no answer by the deadline")
        }
    }
}
