import Objects
import ObjectStore
import Web

/// What there is, told to clients that know no kind by themselves.
struct Discovery: Sendable {
    /// The version of Kubernetes whose API is served. kubectl lets a minor version of difference pass without a word.
    private static let major = "1"
    private static let minor = "20"

    private let kinds: [ResourceKind]
    private let build: String
    private let openAPI2JSON: [UInt8]
    private let openAPI2Protobuf: [UInt8]
    private let openAPI3Documents: [String: [UInt8]]

    init(_ kinds: [(ResourceKind, KindRules)], build: String) {
        self.kinds = kinds.map(\.0)
        self.build = build
        let document = OpenAPI(kinds, form: .two).document
        openAPI2JSON = document.json
        openAPI2Protobuf = OpenAPIProtobuf.bytes(of: document)
        let versions = Set(kinds.map { Self.path(of: $0.0) })
        openAPI3Documents = Dictionary(
            uniqueKeysWithValues: versions.map { path in
                (path, OpenAPI(kinds.filter { Self.path(of: $0.0) == path }, form: .three).document.json)
            })
    }

    // MARK: groups and their resources

    var versions: ObjectValue {
        ["kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []]
    }

    var groups: ObjectValue {
        let names = Set(kinds.map(\.group)).subtracting([""]).sorted()
        return ["kind": "APIGroupList", "apiVersion": "v1", "groups": .list(names.map { group($0, isInList: true) })]
    }

    func group(_ name: String) -> ObjectValue { group(name, isInList: false) }

    private func group(_ name: String, isInList: Bool) -> ObjectValue {
        let versions = Set(kinds.filter { $0.group == name }.map(\.version)).sorted().map { version -> ObjectValue in
            ["groupVersion": .text("\(name)/\(version)"), "version": .text(version)]
        }
        var members = ObjectMembers([("name", .text(name)), ("versions", .list(versions)), ("preferredVersion", versions.first ?? .null)])
        if !isInList { (members["kind"], members["apiVersion"]) = ("APIGroup", "v1") }
        return .members(members)
    }

    func resources(_ group: String, _ version: String) -> ObjectValue {
        let kinds = kinds.filter { $0.group == group && $0.version == version }
        var resources = kinds.flatMap { kind -> [ObjectValue] in
            [Self.resource(kind, Self.verbs)]
                + kind.subresources.map { Self.subresource(kind, $0) }
        }
        if group.isEmpty { resources.append(Self.resource(ObjectAPI.namespace, ["get", "list"])) }
        return [
            "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": .text(group.isEmpty ? version : "\(group)/\(version)"),
            "resources": .list(resources),
        ]
    }

    private static let verbs: ObjectValue = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]

    private static func resource(_ kind: ResourceKind, _ verbs: ObjectValue) -> ObjectValue {
        var members = ObjectMembers([
            ("name", .text(kind.plural)), ("singularName", .text(kind.singular)), ("namespaced", .flag(kind.isNamespaced)),
            ("kind", .text(kind.kind)), ("verbs", verbs),
        ])
        if !kind.shortNames.isEmpty { members["shortNames"] = .list(kind.shortNames.map { .text($0) }) }
        if kind.group == ResourceKind.group { members["categories"] = ["virtrigaud"] }
        return .members(members)
    }

    private static func subresource(_ kind: ResourceKind, _ subresource: ResourcePlace.Subresource) -> ObjectValue {
        var members = ObjectMembers([
            ("name", .text("\(kind.plural)/\(subresource.rawValue)")), ("singularName", ""), ("namespaced", .flag(kind.isNamespaced)),
            ("kind", .text(kind.kind)), ("verbs", ["get", "patch", "update"] as ObjectValue),
        ])
        if subresource == .scale {
            (members["group"], members["version"], members["kind"]) = ("autoscaling", "v1", "Scale")
        }
        return .members(members)
    }

    var programVersion: ObjectValue {
        [
            "major": .text(Self.major), "minor": .text(Self.minor), "gitVersion": .text("v\(Self.major).\(Self.minor).0+martlet"),
            "gitCommit": .text(build), "gitTreeState": "", "buildDate": "", "goVersion": "", "compiler": "swift", "platform": "linux/amd64",
        ]
    }

    // MARK: OpenAPI

    /// kubectl reads version 2 in protobuf and in nothing else.
    func openAPI2(accept: String?) -> HTTPServerResponse {
        let wanted = accept ?? ""
        guard wanted.contains("com.github.proto-openapi.spec.v2") else { return HTTPServerResponse(json: openAPI2JSON) }
        // Not the name that is asked for: Go's reader of media types does not take its @.
        let type = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
        return HTTPServerResponse(status: 200, headers: HTTPHeaders([("Content-Type", type)]), body: .bytes(openAPI2Protobuf))
    }

    var openAPI3Index: ObjectValue {
        let paths = openAPI3Documents.keys.sorted().map { path -> (String, ObjectValue) in
            (path, ["serverRelativeURL": .text("/openapi/v3/\(path)")])
        }
        return ["paths": .members(ObjectMembers(paths))]
    }

    func openAPI3(_ group: String, _ version: String) -> [UInt8]? { openAPI3Documents[Self.path(group, version)] }

    private static func path(of kind: ResourceKind) -> String { path(kind.group, kind.version) }

    private static func path(_ group: String, _ version: String) -> String { group.isEmpty ? "api/\(version)" : "apis/\(group)/\(version)" }
}
