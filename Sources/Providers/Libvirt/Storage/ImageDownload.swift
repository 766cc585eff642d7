import LibvirtAPI
import Primitives
import ProviderRPC
import RPC
import Synchronization
import Web

/// Brings an image from a URL into a volume, as it comes: nothing of it is kept here.
struct ImageDownload: Sendable {
    let hypervisor: Hypervisor
    let url: String
    let headers: [String: String]
    /// That the request says; nil for whichever it is.
    let format: String?
    let algorithms: [Checksum.Algorithm]
    let pool: String
    let volume: String

    struct Outcome: Sendable {
        let format: DiskFormat
        let bytes: UInt64
        /// By the algorithm's name, in hex.
        let digests: [String: String]
    }

    private static let redirectLimit = 5
    private static let totalSeconds = 12 * 3600.0
    /// Room is asked for in steps of so many bytes where a server does not say how much will come.
    private static let roomStepBytes: UInt64 = 256 << 20

    /// - Parameter report: told now and then of bytes so far, and of all, where the server says how many.
    func run(report: @escaping @Sendable (_ done: UInt64, _ total: UInt64?) async -> Void) async throws(RPCError) -> Outcome {
        if url.hasPrefix("file://") { return try await read(String(url.dropFirst("file://".count)), report) }
        var (url, headers) = (url, headers)
        for _ in 0...Self.redirectLimit {
            switch try await attempt(url, headers, report) {
            case .outcome(let outcome): return outcome
            case .redirect(let location):
                let next = try ImageURL.resolve(location, from: url)
                // What was meant for one host is not for another to see.
                if ImageURL.origin(next) != ImageURL.origin(url) { headers = [:] }
                url = next
            }
        }
        throw RPCError(.failedPrecondition, "\(what) is redirected more than \(Self.redirectLimit) times")
    }

    private enum Step: Sendable {
        case outcome(Outcome)
        case redirect(String)
    }

    private var what: String { "the image \(ImageURL.shown(url))" }

    private var tooLarge: RPCError {
        RPCError(
            .resourceExhausted,
            "\(what) is larger than \(hypervisor.settings.imageLimitBytes) bytes, and larger ones are not brought; libvirt.image_limit_gib sets how large"
        )
    }

    private func refused(_ address: IPAddress, _ host: String) -> RPCError {
        RPCError(
            .permissionDenied,
            "\(what) is not fetched: \(host) is \(address), which is no public address, or one of this host's own networks; libvirt.image_sources lists what else may be reached"
        )
    }

    private func attempt(
        _ url: String, _ headers: [String: String], _ report: @escaping @Sendable (UInt64, UInt64?) async -> Void
    ) async throws(RPCError) -> Step {
        let client: HTTPClient
        do throws(Failure) { client = try HTTPClient(connectionsPerHost: 2, connectionsKept: 2) } catch {
            throw RPCError(.internal, error.message)
        }
        defer { client.close() }
        var request = HTTPRequest(url: url, deadline: .after(seconds: Self.totalSeconds))
        request.headers = headers.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        request.connectTimeoutSeconds = 15
        if let file = hypervisor.settings.authorityFile { request.trust = .authority(file: file) }
        let (pipe, progress, limit) = (BytePipe(), DownloadProgress(), hypervisor.settings.imageLimitBytes)
        let (sources, host) = (ImageSources(hypervisor.settings.imageSources, links: HostNetworks.read()), ImageURL.host(url))
        request.mayConnect = { address in
            guard !sources.allow(address, host: host) else { return true }
            progress.refuse(refused(address, host))
            return false
        }
        let total = await size(request, client)
        guard total ?? 0 <= limit else { throw tooLarge }
        request.onHeaders = { headers in
            guard progress.status == 200, let length = headers["content-length"].flatMap({ UInt64($0) }), length > limit else {
                return true
            }
            progress.refuse(tooLarge)
            return false
        }
        request.onStatus = { status in
            progress.begin(status)
            return true
        }
        // This thread is the client's own: while the volume is slower it waits, and so does the server.
        request.onBodyPiece = { piece in
            guard progress.status == 200 else { return true }
            guard progress.add(piece.count) <= limit else {
                progress.refuse(tooLarge)
                return false
            }
            let start = ContinuousClock.now
            defer { progress.waited((ContinuousClock.now - start).seconds) }
            return pipe.put(piece)
        }
        let written = Task { await upload(pipe, expected: total) }
        let watch = Task {
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(1))
                await report(progress.bytes, total)
                if progress.isTooSlow {
                    progress.refuse(
                        RPCError(
                            .unavailable,
                            "\(what) comes too slowly, or no more: \(progress.bytes) bytes came; try again, or serve it from elsewhere"))
                    pipe.breakOff()
                    client.close()
                    return
                }
            }
        }
        defer { watch.cancel() }
        let sent = request
        let answer: Result<HTTPResponse, HTTPClientError> = await withTaskCancellationHandler {
            do throws(HTTPClientError) { return .success(try await client.send(sent)) } catch { return .failure(error) }
        } onCancel: {
            pipe.breakOff()
        }
        return try await conclude(answer, progress, pipe, written)
    }

    /// The same of a file of this machine.
    private func read(
        _ path: String, _ report: @escaping @Sendable (UInt64, UInt64?) async -> Void
    ) async throws(RPCError) -> Outcome {
        let (pipe, progress) = (BytePipe(), DownloadProgress())
        let limit = hypervisor.settings.imageLimitBytes
        let total = try FileSource.start(path, into: pipe) { count in
            guard progress.add(count) > limit else { return }
            progress.refuse(tooLarge)
            pipe.breakOff()
        }
        if total > limit {
            pipe.breakOff()
            throw tooLarge
        }
        let watch = Task {
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(1))
                await report(progress.bytes, total)
            }
        }
        defer { watch.cancel() }
        let written = await withTaskCancellationHandler {
            await upload(pipe, expected: total)
        } onCancel: {
            pipe.breakOff()
        }
        if let refusal = progress.refusal { throw refusal }
        return try written.get()
    }

    private func conclude(
        _ answer: Result<HTTPResponse, HTTPClientError>, _ progress: DownloadProgress, _ pipe: BytePipe,
        _ written: Task<Result<Outcome, RPCError>, Never>
    ) async throws(RPCError) -> Step {
        switch answer {
        case .success(let response) where response.status == 200:
            pipe.end()
            return .outcome(try await written.value.get())
        case .success(let response):
            pipe.breakOff()
            _ = await written.value
            if [301, 302, 303, 307, 308].contains(response.status), let location = response.headers["location"] {
                return .redirect(location)
            }
            let code: RPCCode =
                switch response.status {
                case 404, 410: .notFound
                case 401, 403: .permissionDenied
                case 500...: .unavailable
                default: .failedPrecondition
                }
            throw RPCError(code, "\(what) cannot be fetched: the server answers \(response.status) \(response.reason)")
        case .failure(let error):
            pipe.breakOff()
            if let refusal = progress.refusal {
                _ = await written.value
                throw refusal
            }
            // The volume's side may have been first, and the transfer only a consequence.
            if case .failure(let own) = await written.value, own.code != .cancelled { throw own }
            if Task.isCancelled { throw RPCError(.cancelled, "\(what) is not wanted any more") }
            throw RPCError(
                error.kind == .url || error.kind == .tls ? .failedPrecondition : .unavailable, "\(what) cannot be fetched: \(error.message)"
            )
        }
    }

    /// What the server says of it before; nil where it does not.
    private func size(_ request: HTTPRequest, _ client: HTTPClient) async -> UInt64? {
        var question = request
        question.method = "HEAD"
        question.deadline = .after(seconds: 10)
        guard let response = try? await client.send(question), response.status == 200 else { return nil }
        return response.headers["content-length"].flatMap { UInt64($0) }
    }

    // MARK: the volume's side

    private func upload(_ pipe: BytePipe, expected: UInt64?) async -> Result<Outcome, RPCError> {
        let (format, algorithms, pool, volume, what) = (format, algorithms, pool, volume, what)
        let rooms = hypervisor.rooms
        let refused = Mutex<RPCError?>(nil)
        let lane = hypervisor.lane("libvirt-image")
        do throws(LibvirtError) {
            return .success(
                try await lane.run(by: .after(seconds: Self.totalSeconds)) { connection throws(LibvirtError) in
                    do throws(RPCError) {
                        return try Self.write(pipe, connection, format, algorithms, pool, volume, what, expected, rooms)
                    } catch {
                        refused.withLock { $0 = error }
                        // Whoever brings more hears that it is of no use.
                        pipe.breakOff()
                        throw LibvirtError(.failed, error.message)
                    }
                })
        } catch {
            pipe.breakOff()
            return .failure(refused.withLock { $0 } ?? RPCError(error, doing: "write \(what) into volume \(volume) of pool \(pool)"))
        }
    }

    private static func write(
        _ pipe: BytePipe, _ connection: LibvirtConnection, _ said: String?, _ algorithms: [Checksum.Algorithm], _ pool: String,
        _ volume: String, _ what: String, _ expected: UInt64?, _ rooms: RoomBook
    ) throws(RPCError) -> Outcome {
        var (head, bytes): ([UInt8], UInt64) = ([], 0)
        while head.count < DiskFormat.headBytes {
            guard case .piece(let piece) = pipe.take() else { break }
            head += piece
        }
        guard !head.isEmpty else { throw RPCError(.cancelled, "\(what) has no bytes, or did not come") }
        let format = try DiskFormat.detect(head, said: said, what: what)
        var digests = Digests(algorithms)
        let doing = "write \(what) into volume \(volume) of pool \(pool)"
        do throws(LibvirtError) {
            let plan = Storage.VolumePlan(name: volume, capacityBytes: format.capacityBytes ?? 0, format: format.name)
            let place = try Storage.filePool(connection, pool)
            let promise = rooms.open(pool)
            defer { rooms.close(promise) }
            func room(_ least: UInt64) throws(LibvirtError) -> UInt64 {
                let free = try Storage.free(place)
                if let promised = rooms.promise(promise, free: free, least: least, wanted: expected == nil ? Self.roomStepBytes : 0) {
                    return promised
                }
                throw LibvirtError(
                    .noSpace, "pool \(pool) has \(free) bytes left with those that other images are to fill, and \(least) are to come")
            }
            var promised = try room(max(expected ?? 0, UInt64(head.count)))
            _ = try Storage.remake(connection, pool: pool, plan)
            let stream = try place.volume(named: volume).upload(length: 0)
            var next: [UInt8]? = head
            while let piece = next {
                digests.add(piece)
                bytes += UInt64(piece.count)
                // What others have written meanwhile has taken of it, or made more.
                if bytes > promised { promised = try room(UInt64(piece.count)) }
                try stream.send(piece)
                rooms.wrote(bytes, promise)
                switch pipe.take() {
                case .piece(let more): next = more
                case .end: next = nil
                case .broken: throw LibvirtError(.aborted, "the image did not come whole")
                }
            }
            try stream.finish()
            try Storage.lookAnew(place)
            try DiskTrust.check(try VolumeView(place.volume(named: volume)), format: format.name)
        } catch {
            _ = try? Storage.remove(connection, pool: pool, volume: volume)
            throw RPCError(error, doing: doing)
        }
        return Outcome(format: format, bytes: bytes, digests: digests.hex())
    }
}
