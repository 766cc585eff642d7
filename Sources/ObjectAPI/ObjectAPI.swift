package import Objects
package import ObjectStore
import ObjectText
package import Primitives
package import Web

/// A handler for `HTTPServer` that answers as kube-apiserver does, of the objects of a store.
///
/// It asks nobody who he is: put `BearerDoor` before it.
package final class ObjectAPI: Sendable {
    package struct Options: Sendable {
        /// Watches at the same time; one more gets 429.
        package var watches = 256
        /// For how long a watch goes on whose client says nothing of it. Clients watch again from where they were.
        package var watchSeconds = 3000.0
        /// What `/version` says beside the version of Kubernetes whose API this is.
        package var build = ""

        package init() {}
    }

    let store: any ObjectStore
    let kinds: [ResourceKind]
    let options: Options
    let rules: ObjectRules
    let clock: WallClock
    let watchPlaces: WatchPlaces
    let discovery: Discovery
    private let kindRules: [ResourceKind: KindRules]

    /// - Parameter kinds: those that it serves, each with its rules.
    package init(
        _ store: any ObjectStore, kinds: [(ResourceKind, KindRules)], options: Options = Options(), clock: WallClock = .system
    ) {
        self.store = store
        self.kinds = kinds.map(\.0)
        kindRules = Dictionary(kinds, uniquingKeysWith: { first, _ in first })
        self.options = options
        self.clock = clock
        rules = ObjectRules(clock: clock)
        watchPlaces = WatchPlaces(options.watches)
        discovery = Discovery(kinds, build: options.build)
    }

    /// Watches that are open now.
    package var openWatches: Int { watchPlaces.taken }

    /// Limits of the server that it answers through: watches need connections, and a body may be as large as an object.
    package static var serverLimits: HTTPServer.Limits {
        var limits = HTTPServer.Limits()
        limits.connections = 1024
        limits.requestsInFlight = 200
        limits.bodyBytes = ObjectValue.Limits().bytes
        limits.unlimitedPaths = BearerDoor.openPaths
        return limits
    }

    @Sendable package func handle(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        do { return try await answer(request) } catch { return .failure(error) }
    }

    func rules(of kind: ResourceKind) -> KindRules { kindRules[kind] ?? KindRules() }

    private func answer(_ request: HTTPServerRequest) async throws(StoreError) -> HTTPServerResponse {
        // No name has a slash: a part of a path that has one is no part of ours.
        let path = request.hasEscapedSlash ? .unknown : APIPath(request.path, kinds: kinds)
        let isRead = request.method == "GET" || request.method == "HEAD"
        switch path {
        case .unknown: throw StoreError(.notFound, "the server could not find the requested resource: nothing is at this path")
        case .resource(let place): return try await answer(request, place)
        case .health:
            // The store answers, too; whoever asks brings no token, so that it must cost next to nothing.
            if let kind = kinds.first {
                do { _ = try await store.get(ObjectKey(kind, kind.isNamespaced ? "default" : "", "health")) } catch {
                    guard error.reason == .notFound else { throw error }
                }
            }
            return HTTPServerResponse(text: "ok")
        default: break
        }
        if case .namespaces = path, !isRead {
            throw StoreError(.methodNotAllowed, "namespaces are neither made nor deleted here: one is there while an object is in it")
        }
        guard isRead else { throw Self.notAllowed(request.method) }
        switch path {
        case .namespaces(let name): return try await namespaces(request, name)
        case .versions: return try form(discovery.versions, request)
        case .groups: return try form(discovery.groups, request)
        case .group(let name): return try form(discovery.group(name), request)
        case .resources(let group, let version): return try form(discovery.resources(group, version), request)
        case .openAPI2: return discovery.openAPI2(accept: request.headers["Accept"])
        case .openAPI3Index: return try form(discovery.openAPI3Index, request)
        case .openAPI3(let group, let version):
            guard let document = discovery.openAPI3(group, version) else {
                throw StoreError(.notFound, "there is no such group and version")
            }
            return HTTPServerResponse(json: document)
        case .programVersion: return try form(discovery.programVersion, request)
        case .unknown, .resource, .health: throw StoreError(.notFound, "the server could not find the requested resource")
        }
    }

    private func answer(_ request: HTTPServerRequest, _ place: ResourcePlace) async throws(StoreError) -> HTTPServerResponse {
        let options = try RequestOptions(request)
        if place.subresource == .scale { return try await scale(request, place, options) }
        switch (request.method, place.key) {
        case ("GET", nil), ("HEAD", nil):
            return options.isWatch ? try await watch(request, place, options) : try await list(request, place, options)
        case ("GET", let key?), ("HEAD", let key?):
            if options.isWatch, place.subresource == nil { return try await watch(request, place, options) }
            return try object(try await store.get(key), request, options)
        case ("POST", nil): return try await create(request, place, options)
        case ("PUT", let key?): return try await replace(request, key, place.subresource == .status ? .status : .main, options)
        case ("PATCH", let key?): return try await patch(request, key, place.subresource == .status ? .status : .main, options)
        case ("DELETE", let key?) where place.subresource == nil: return try await delete(request, key, options)
        case ("DELETE", nil): return try await deleteCollection(request, place, options)
        default: throw Self.notAllowed(request.method)
        }
    }

    static func notAllowed(_ method: String) -> StoreError {
        StoreError(.methodNotAllowed, "the server does not allow this method on the requested resource: \(method)")
    }

    // MARK: answers

    func object(
        _ object: APIObject, _ request: HTTPServerRequest, _ options: RequestOptions, status: Int = 200, warnings: [FieldProblem] = []
    ) throws(StoreError) -> HTTPServerResponse {
        var response: HTTPServerResponse
        if try AnswerForm(accept: request.headers["Accept"]) == .table {
            response = value(
                table(of: object.kind, options).table([object], resourceVersion: object.metadata.resourceVersion), options, status: status)
        } else {
            response = try form(object.value, request, status: status)
        }
        // 299: "miscellaneous persistent warning"; kubectl prints its text.
        for problem in warnings.prefix(20) {
            response.headers.add("Warning", "299 - \"\(Self.quotable(problem.description))\"")
        }
        return response
    }

    func table(of kind: ResourceKind, _ options: RequestOptions) -> TableAnswer {
        TableAnswer(columns: [.objectName] + rules(of: kind).columns, includesObject: options.includesObject, now: clock.unixSeconds)
    }

    func value(_ value: ObjectValue, _ options: RequestOptions, status: Int = 200) -> HTTPServerResponse {
        HTTPServerResponse(status: status, json: options.isPretty ? value.prettyJSON : value.json)
    }

    /// What can be no table.
    func form(_ value: ObjectValue, _ request: HTTPServerRequest, status: Int = 200) throws(StoreError) -> HTTPServerResponse {
        if try AnswerForm(accept: request.headers["Accept"]) == .yaml {
            return HTTPServerResponse(status: status, contentType: "application/yaml", text: YAMLText.text(of: value))
        }
        return HTTPServerResponse(status: status, json: request.parameter("pretty") == "true" ? value.prettyJSON : value.json)
    }

    /// Letters that a header's quoted text may have.
    private static func quotable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.filter { $0.value >= 0x20 && $0.value < 0x7F && $0 != "\"" && $0 != "\\" }.prefix(500)))
    }
}
