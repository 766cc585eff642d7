import Objects

/// Objects that a path means.
struct ResourcePlace: Sendable {
    enum Subresource: String, Sendable {
        case status, scale
    }

    let kind: ResourceKind
    /// nil for all.
    var namespace: String?
    /// nil for a collection.
    var name: String?
    var subresource: Subresource?

    /// Of the one object.
    var key: ObjectKey? { name.map { ObjectKey(kind, namespace ?? "", $0) } }
}

/// What a path of the API means.
enum APIPath: Sendable {
    case resource(ResourcePlace)
    /// The namespaces that are in use: all, or the one of that name.
    case namespaces(String?)
    /// Tells what there is.
    case versions
    case groups
    case group(String)
    case resources(group: String, version: String)
    case openAPI2
    case openAPI3Index
    case openAPI3(group: String, version: String)
    case programVersion
    /// Whether the API answers.
    case health
    case unknown

    /// - Parameter path: percent-decoded.
    init(_ path: String, kinds: [ResourceKind]) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
        switch parts.first {
        case "healthz"?, "livez"?, "readyz"?: self = .health
        case "version"? where parts.count == 1: self = .programVersion
        case "openapi"?: self = Self.openAPI(parts.dropFirst())
        case "api"? where parts.count == 1: self = .versions
        case "apis"? where parts.count == 1: self = .groups
        case "api"?: self = Self.inVersion(group: "", version: parts[1], parts.dropFirst(2), kinds)
        case "apis"? where parts.count == 2: self = kinds.contains { $0.group == parts[1] } && parts[1] != "" ? .group(parts[1]) : .unknown
        case "apis"?: self = Self.inVersion(group: parts[1], version: parts[2], parts.dropFirst(3), kinds)
        default: self = .unknown
        }
    }

    private static func openAPI(_ parts: ArraySlice<String>) -> APIPath {
        switch Array(parts) {
        case ["v2"]: .openAPI2
        case ["v3"]: .openAPI3Index
        case ["v3", "api", "v1"]: .openAPI3(group: "", version: "v1")
        case let parts where parts.count == 4 && parts[0] == "v3" && parts[1] == "apis": .openAPI3(group: parts[2], version: parts[3])
        default: .unknown
        }
    }

    private static func inVersion(group: String, version: String, _ rest: ArraySlice<String>, _ kinds: [ResourceKind]) -> APIPath {
        let kinds = kinds.filter { $0.group == group && $0.version == version }
        guard !kinds.isEmpty else { return .unknown }
        var rest = rest
        guard let first = rest.popFirst() else { return .resources(group: group, version: version) }
        var namespace: String?
        var plural = first
        if first == "namespaces", group.isEmpty, rest.count < 2 { return .namespaces(rest.first) }
        if first == "namespaces" {
            guard let name = rest.popFirst(), let next = rest.popFirst() else { return .unknown }
            (namespace, plural) = (name, next)
        }
        guard let kind = kinds.first(where: { $0.plural == plural }), kind.isNamespaced || namespace == nil else { return .unknown }
        var place = ResourcePlace(kind: kind, namespace: namespace)
        guard let name = rest.popFirst() else { return .resource(place) }
        guard !kind.isNamespaced || namespace != nil else { return .unknown }
        place.name = name
        guard let subresource = rest.popFirst() else { return .resource(place) }
        guard rest.isEmpty, let known = ResourcePlace.Subresource(rawValue: subresource), kind.subresources.contains(known) else {
            return .unknown
        }
        place.subresource = known
        return .resource(place)
    }
}

extension ResourceKind {
    var subresources: [ResourcePlace.Subresource] {
        var subresources: [ResourcePlace.Subresource] = hasStatus ? [.status] : []
        if self == .vmSet { subresources.append(.scale) }
        return subresources
    }
}
