import Primitives

@testable import Objects

/// Objects that are in order, one a kind, as JSON.
enum Examples {
    static let texts: [(kind: ResourceKind, text: String)] = [
        (.secret, #"{"type":"Opaque","data":{"password":"c2VjcmV0"}}"#),
        (
            .provider,
            #"{"spec":{"type":"libvirt","endpoint":"unix:///run/martlet-manager/libvirt.sock","credentialSecretRef":{"name":"none"},"healthCheck":{"interval":"15s"}}}"#
        ),
        (.vmClass, #"{"spec":{"cpu":2,"memory":"4Gi","firmware":"UEFI","securityProfile":{"secureBoot":true}}}"#),
        (.vmImage, #"{"spec":{"source":{"libvirt":{"url":"https://example.org/debian.qcow2"}},"prepare":{"retries":0}}}"#),
        (.vmNetworkAttachment, #"{"spec":{"network":{"libvirt":{"networkName":"default"}},"ipAllocation":{"type":"DHCP"}}}"#),
        (
            .virtualMachine,
            #"{"spec":{"providerRef":{"name":"local"},"classRef":{"name":"small"},"imageRef":{"name":"debian"},"networks":[{"name":"lan","networkRef":{"name":"lan"},"ipAddress":"192.0.2.7","prefix":24,"gateway":"192.0.2.1","dns":"192.0.2.1, 2001:db8::1","macAddress":"52:54:00:12:34:56"}],"disks":[{"name":"data","sizeGiB":10}],"userData":{"cloudInit":{"inline":"packages: []\n"}},"powerState":"Off"}}"#
        ),
        (
            .vmSnapshot,
            #"{"spec":{"vmRef":{"name":"web1"},"retentionPolicy":{"maxAge":"24h"},"schedule":{"enabled":true,"cronSpec":"0 3 * * *"}}}"#
        ),
        (
            .vmClone,
            #"{"spec":{"source":{"vmRef":{"name":"web1"}},"target":{"name":"web2"},"options":{"type":"LinkedClone","timeout":"1h30m"}}}"#
        ),
        (
            .vmSet,
            #"{"spec":{"replicas":3,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"providerRef":{"name":"local"},"classRef":{"name":"small"},"imageRef":{"name":"debian"}}}}}"#
        ),
        (
            .vmOperation,
            #"{"spec":{"operation":"Create","targetRef":{"kind":"VirtualMachine","namespace":"default","name":"web1","uid":"u1"},"providerRef":{"namespace":"default","name":"local"},"startedAt":"2026-11-23T03:04:05.000001Z","parameters":{"name":"web1"}}}"#
        ),
    ]

    static func object(_ kind: ResourceKind) throws -> APIObject { try object(kind, texts.first { $0.kind == kind }?.text ?? "{}") }

    static func object(_ kind: ResourceKind, _ text: String) throws -> APIObject {
        var problems: [FieldProblem] = []
        var object = APIObject(kind, try ObjectValue(parsing: Array(text.utf8)), &problems)
        object.metadata.name = "example"
        object.metadata.namespace = "default"
        return object
    }

    /// The example of a kind with the value at a path (`spec.disks[0].sizeGiB`) replaced by JSON; empty JSON takes the member out.
    static func object(_ kind: ResourceKind, _ path: String, _ json: String) throws -> APIObject {
        var object = try object(kind)
        let value = json.isEmpty ? nil : try ObjectValue(parsing: Array("[\(json)]".utf8))[0]
        var content = ObjectValue.members(object.content)
        change(&content, steps(path)[...], value)
        object.content = content.members ?? ObjectMembers()
        return object
    }

    private static func steps(_ path: String) -> [String] { path.split { $0 == "." || $0 == "[" || $0 == "]" }.map(String.init) }

    private static func change(_ value: inout ObjectValue, _ steps: ArraySlice<String>, _ newValue: ObjectValue?) {
        guard let step = steps.first else {
            if let newValue { value = newValue }
            return
        }
        if case .list(var list) = value, let index = Int(step) {
            if index == list.count { list.append(.null) }
            change(&list[index], steps.dropFirst(), newValue)
            value = .list(list)
        } else if steps.count == 1 {
            value.set(step, newValue)
        } else {
            var member = value[step] ?? .members(ObjectMembers())
            change(&member, steps.dropFirst(), newValue)
            value.set(step, member)
        }
    }
}
