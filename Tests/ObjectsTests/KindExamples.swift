@testable import Objects

/// Changes of the examples: a path, what is said there instead as JSON, and the problems that it makes.
enum KindExamples {
    static let bad: [(ResourceKind, String, String, [String])] = [
        // Forms and limits, with the exact place.
        (.virtualMachine, "spec.disks[0].sizeGiB", "0", ["spec.disks[0].sizeGiB: must be 1 to 65536, is 0"]),
        (.virtualMachine, "spec.disks[0].sizeGiB", "65537", ["spec.disks[0].sizeGiB: must be 1 to 65536, is 65537"]),
        (.virtualMachine, "spec.disks[0].sizeGiB", "1.5", ["spec.disks[0].sizeGiB: must be a whole number, is a number"]),
        (.virtualMachine, "spec.disks[0].sizeGiB", "", ["spec.disks[0].sizeGiB: must be said: size in GiB"]),
        (.virtualMachine, "spec.disks[0].sizeGiB", "null", ["spec.disks[0].sizeGiB: must be said: size in GiB"]),
        (.virtualMachine, "spec.disks", "{}", ["spec.disks: must be a list, is an object"]),
        (.virtualMachine, "spec.cpus", "2", ["spec.cpus: is not known"]),
        (.virtualMachine, "spec.resources.cpus", "2", ["spec.resources.cpus: is not known; is spec.resources.cpu meant?"]),
        (.virtualMachine, "spec.powerstate", #""On""#, ["spec.powerstate: is not known; is spec.powerState meant?"]),
        (.virtualMachine, "spec.powerState", #""on""#, [#"spec.powerState: must be On or Off or OffGraceful, is "on"; is "On" meant?"#]),
        (.virtualMachine, "spec.powerState", "true", ["spec.powerState: must be a text, is true or false"]),
        (.virtualMachine, "spec.tags", #"["a",1]"#, ["spec.tags[1]: must be a text, is a whole number"]),
        (
            .virtualMachine, "spec.providerRef", #"{"name":"Local_1"}"#,
            ["spec.providerRef.name: must be a name of small letters, digits, dashes and dots"]
        ),
        (.virtualMachine, "spec.providerRef", "{}", ["spec.providerRef.name: must be said: its name"]),
        (.virtualMachine, "spec.providerRef", #""local""#, ["spec.providerRef: must be an object, is a text"]),
        (.virtualMachine, "spec.resources", #"{"memoryMiB":64}"#, ["spec.resources.memoryMiB: must be 128 to 1048576, is 64"]),
        (
            .virtualMachine, "spec.lifecycle", #"{"gracefulShutdownTimeout":"5"}"#,
            ["spec.lifecycle.gracefulShutdownTimeout: must be a duration such as 30m or 1h30m"]
        ),
        (
            .virtualMachine, "spec.networks[0].macAddress", #""52:54:00:12:34""#,
            ["spec.networks[0].macAddress: must be a MAC address such as 52:54:00:12:34:56"]
        ),
        (.virtualMachine, "specs", "{}", ["specs: is not known; is spec meant?"]),
        (.virtualMachine, "spec", "", ["spec: must be said: what is wanted"]),
        // How many of some members.
        (.virtualMachine, "spec.imageRef", "", ["spec: must have exactly one of imageRef, importedDisk, has none"]),
        (
            .virtualMachine, "spec.importedDisk", #"{"diskID":"d"}"#,
            ["spec: must have at most one of imageRef, importedDisk, has imageRef and importedDisk"]
        ),
        (
            .virtualMachine, "spec.userData", #"{"cloudInit":{"inline":"a","secretRef":{"name":"b"}}}"#,
            ["spec.userData.cloudInit: must have exactly one of inline, secretRef, has inline and secretRef"]
        ),
        (.virtualMachine, "spec.userData", "{}", ["spec.userData: must have exactly one of cloudInit, ignition, has none"]),
        // Names that must differ.
        (
            .virtualMachine, "spec.disks[1]", #"{"name":"data","sizeGiB":1}"#,
            [#"spec.disks[1].name: must differ from spec.disks[0].name, is "data" too"#]
        ),
        (
            .virtualMachine, "spec.networks[1]", #"{"name":"lan"}"#,
            [#"spec.networks[1].name: must differ from spec.networks[0].name, is "lan" too"#]
        ),
        // Addresses of cards.
        (.virtualMachine, "spec.networks[0].prefix", "64", ["spec.networks[0].prefix: must be 1 to 32, is 64"]),
        (
            .virtualMachine, "spec.networks[0].prefix", "",
            ["spec.networks[0].prefix: must be said, as there is an ipAddress: 24, for example"]
        ),
        (
            .virtualMachine, "spec.networks[0].gateway", #""2001:db8::1""#,
            ["spec.networks[0].gateway: must be of the same version of IP as spec.networks[0].ipAddress"]
        ),
        (
            .virtualMachine, "spec.networks[0].ipAddress", "",
            [
                "spec.networks[0].prefix: says nothing without spec.networks[0].ipAddress",
                "spec.networks[0].gateway: says nothing without spec.networks[0].ipAddress",
            ]
        ),
        // Sizes.
        (.vmClass, "spec.memory", #""4gb""#, [#"spec.memory: must be a size such as 4Gi or 512Mi, is "4gb""#]),
        (.vmClass, "spec.memory", "1.5", ["spec.memory: must be a size such as 4Gi or 512Mi, is a number"]),
        (.vmClass, "spec.memory", "4096", ["spec.memory: must be 1Mi to 64Ti, is 4096"]),
        (.vmClass, "spec.memory", "", ["spec.memory: must be said: the memory, such as 4Gi"]),
        (.vmClass, "spec.cpu", "129", ["spec.cpu: must be 1 to 128, is 129"]),
        (.vmClass, "spec.cpus", "2", ["spec.cpus: is not known; is spec.cpu meant?"]),
        (.vmClass, "spec.firmware", #""BIOS""#, ["spec.securityProfile.secureBoot: needs spec.firmware UEFI, which is BIOS"]),
        (
            .vmClass, "spec.resourceLimits", #"{"cpuLimit":1000,"cpuReservation":2000}"#,
            ["spec.resourceLimits.cpuReservation: must be at most cpuLimit, which is 1000, is 2000"]
        ),
        (
            .vmClass, "spec.resourceLimits", #"{"memoryLimit":"1Gi","memoryReservation":"2Gi"}"#,
            ["spec.resourceLimits.memoryReservation: must be at most memoryLimit"]
        ),
        // Images.
        (
            .vmImage, "spec.source", "{}",
            ["spec.source: must have at least one of libvirt, vsphere, proxmox, http, registry, dataVolume, has none"]
        ),
        (.vmImage, "spec.source.libvirt.path", #""/a""#, ["spec.source.libvirt: must have exactly one of path, url, has path and url"]),
        (
            .vmImage, "spec.source.libvirt.checksum", #""abc""#,
            ["spec.source.libvirt.checksum: must be hex digits, with or without the algorithm before them (sha256:…)"]
        ),
        // An address may have a password in it, which is not shown.
        (
            .vmImage, "spec.source.libvirt.url", #""gopher://user:secret@example.org/a""#,
            ["spec.source.libvirt.url: must be an address such as https://example.org/image.qcow2"]
        ),
        // Networks.
        (
            .vmNetworkAttachment, "spec.network.libvirt.bridge", #"{"name":"br0"}"#,
            ["spec.network.libvirt: must have at most one of networkName, bridge, has networkName and bridge"]
        ),
        (
            .vmNetworkAttachment, "spec.ipAllocation.type", #""Static""#,
            ["spec.ipAllocation.staticConfig: must be said, as the type is Static"]
        ),
        (
            .vmNetworkAttachment, "spec.network.vsphere", #"{"vlan":{"type":"vlan"}}"#,
            ["spec.network.vsphere.vlan.vlanID: must be said, as the type is vlan"]
        ),
        (.vmNetworkAttachment, "spec.network.mtu", "67", ["spec.network.mtu: must be 68 to 9000, is 67"]),
        // Providers.
        (
            .provider, "spec.type", #""libvrt""#,
            [#"spec.type: must be libvirt or proxmox or vsphere or simulated or qemu or firecracker, is "libvrt"; is "libvirt" meant?"#]
        ),
        (
            .provider, "spec.endpoint", #""somewhere""#,
            ["spec.endpoint: must be where the provider answers, such as grpc://127.0.0.1:9443 or unix:///run/martlet-manager/libvirt.sock"]
        ),
        (
            .provider, "spec.runtime", #"{"service":{"tls":{"enabled":true,"secretRef":{"name":"tls"}}}}"#,
            ["spec.runtime.service.tls.enabled: must be false, as there is no TLS on a unix: address"]
        ),
        (.provider, "spec.rateLimit", #"{"qps":0}"#, ["spec.rateLimit.qps: must be 1 to 1000, is 0"]),
        // Snapshots and clones.
        (
            .vmSnapshot, "spec.schedule.cronSpec", "",
            ["spec.schedule.cronSpec: must be said, as the schedule is enabled: 0 3 * * *, for example"]
        ),
        (.vmSnapshot, "spec.schedule.cronSpec", #""0 3 * *""#, ["spec.schedule.cronSpec: must be a schedule such as 0 3 * * * or @daily"]),
        (
            .vmClone, "spec.source.imageRef", #"{"name":"a"}"#,
            ["spec.source: must have exactly one of vmRef, snapshotRef, templateRef, imageRef, has vmRef and imageRef"]
        ),
        (.vmClone, "spec.target.name", #""web1""#, [#"spec.target.name: must differ from the source's, which is "web1" too"#]),
        // Sets.
        (
            .vmSet, "spec.template.metadata.labels", #"{"app":"mail"}"#,
            ["spec.template.metadata.labels: must be labels that spec.selector matches"]
        ),
        (
            .vmSet, "spec.selector", #"{"matchExpressions":[{"key":"app","operator":"In"}]}"#,
            ["spec.selector.matchExpressions[0].values: must have a value or more"]
        ),
        (
            .vmSet, "spec.selector", #"{"matchLabels":{}}"#,
            ["spec.selector: must say something, as an empty one chooses every machine of the namespace"]
        ),
        (.vmSet, "spec.selector", "{}", ["spec.selector: must have at least one of matchLabels, matchExpressions, has none"]),
        (.vmSet, "spec.template.spec.imageRef", "", ["spec.template.spec: must have exactly one of imageRef, importedDisk, has none"]),
        (
            .vmSet, "spec.updateStrategy", #"{"type":"OnDelete","rollingUpdate":{"partition":1}}"#,
            ["spec.updateStrategy.rollingUpdate: says nothing, as the type is OnDelete"]
        ),
        (
            .vmSet, "spec.updateStrategy", #"{"rollingUpdate":{"maxUnavailable":"a lot"}}"#,
            [#"spec.updateStrategy.rollingUpdate.maxUnavailable: must be a whole number, or a share such as 25%, is "a lot""#]
        ),
        // Secrets: what is in them is never shown.
        (.secret, "data.password", #""sécret""#, ["data[password]: must be base64"]),
        (.secret, "data", #"{"a b":"YQ=="}"#, ["data[a b]: the name must be a name of letters, digits, dashes, underscores and dots"]),
        (
            .secret, "type", #""kubernetes.io/tls""#,
            [
                "data[tls.crt]: must be said in a Secret of the type kubernetes.io/tls",
                "data[tls.key]: must be said in a Secret of the type kubernetes.io/tls",
            ]
        ),
        (
            .vmOperation, "spec.operation", #""Reboot""#,
            [
                "spec.operation: must be Create or Delete or Power or Reconfigure or SnapshotCreate or SnapshotDelete or SnapshotRevert or Clone or ImagePrepare, is \"Reboot\""
            ]
        ),
    ]

    static let good: [(ResourceKind, String, String)] = [
        (.virtualMachine, "spec.disks[0].type", "null"),
        (.virtualMachine, "spec.networks[0]", #"{"name":"lan","ipAddress":"2001:db8::7","prefix":64}"#),
        (.vmClass, "spec.memory", "4294967296"), (.vmClass, "spec.memory", #""1.5Gi""#), (.vmClass, "spec.cpu", "2.0"),
        (.vmImage, "spec.source.vsphere", #"{"templateName":"debian"}"#), (.provider, "spec.endpoint", #""qemu+ssh://root@host/system""#),
        (.vmSet, "spec.updateStrategy", #"{"rollingUpdate":{"maxUnavailable":0}}"#), (.vmSet, "spec.replicas", "0"),
        (.vmSnapshot, "spec.schedule.cronSpec", #""@every 6h""#), (.secret, "stringData", #"{"user":"root"}"#),
    ]
}
