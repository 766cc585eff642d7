/// A process that speaks for one hypervisor.
package struct Provider: TypedResource {
    package static let kind = ResourceKind.provider
    package var object: APIObject
    package init(_ object: APIObject) { self.object = object }

    /// What it is called in metrics and in `VMImage.status.providerStatus`: `namespace/name`.
    package var fullName: String { "\(metadata.namespace)/\(metadata.name)" }

    package struct Spec: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        /// libvirt, vsphere, …
        package var type: String { self["type"] ?? "" }
        package var endpoint: String { self["endpoint"] ?? "" }
        package var credentialSecretRef: ObjectReference? { self["credentialSecretRef"] }
        package var defaults: Placement { self[view: "defaults"] }
        /// The network of machines that name none.
        package var defaultNetwork: String? { value["defaults"]?["network"]?.text }
        package var rateLimit: RateLimit { self[view: "rateLimit"] }
        package var healthCheck: HealthCheck { self[view: "healthCheck"] }
        /// Nil when nothing is said of TLS, which is not the same as TLS that is off.
        package var tls: TLS? { value["runtime"]?["service"]?["tls"].flatMap { TLS(objectValue: $0) } }
        /// Whether any certificate will do, by the one field or the other.
        package var skipsVerification: Bool { tls?.skipsVerification ?? false || (self["insecureSkipVerify"] ?? false) }
    }

    package struct RateLimit: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        /// Calls in a second.
        package var callsPerSecond: Int { self["qps"] ?? 10 }
        package var burst: Int { self["burst"] ?? 20 }
    }

    package struct HealthCheck: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var isEnabled: Bool { self["enabled"] ?? true }
        package var intervalSeconds: Double { seconds("interval") ?? 30 }
        package var timeoutSeconds: Double { seconds("timeout") ?? 10 }
        package var failureThreshold: Int { self["failureThreshold"] ?? 3 }
        package var successThreshold: Int { self["successThreshold"] ?? 1 }
    }

    package struct TLS: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var isEnabled: Bool { self["enabled"] ?? true }
        package var secretRef: ObjectReference? { self["secretRef"] }
        package var skipsVerification: Bool { self["insecureSkipVerify"] ?? false }
    }
}
