import LibvirtProvider
import Primitives
import ProviderHosting
import ProviderTasks
import Settings

/// `martlet-manager provider libvirt`
enum LibvirtKind: ProviderKind {
    static let name = "libvirt"
    static let summary = "Machines of one hypervisor of libvirt: QEMU and KVM"
    static let standardAddress = "127.0.0.1:8071"

    static let keys = [
        SettingsKey(
            "uri", .text, "The hypervisor, as libvirt names it: qemu:///system, qemu+tls://host/system, qemu+ssh://user@host/system.",
            standard: "qemu:///system"),
        SettingsKey("library", .text, "libvirt's client library.", standard: "libvirt.so.0"),
        SettingsKey("user", .text, "Who logs in, where the hypervisor asks (SASL)."),
        SettingsKey("password_file", .text, "A file whose one line is the password."),
        SettingsKey("pool", .text, "Where volumes are made that no request says a pool for.", standard: "default"),
        SettingsKey("network", .text, "The network of cards that no request says one for.", standard: "default"),
        SettingsKey(
            "vnc_listen", .text, "Where QEMU's VNC server listens; empty for machines without a screen.", standard: "127.0.0.1"),
        SettingsKey("machine", .text, "Machine type, q35 or pc; without it the host's capabilities decide."),
        SettingsKey(
            "domain_type", .choice(["kvm", "qemu"]), "With the processor's help or without; without it the host's capabilities decide."),
        SettingsKey("ca_file", .text, "Authorities for https downloads of images, in PEM; the system's without it."),
        SettingsKey(
            "image_sources", .texts,
            "Addresses, networks (10.0.0.0/8) and names of hosts that images may be fetched from beside public addresses; others that are not public are refused."
        ),
        SettingsKey("image_limit_gib", .integer(1...65_536), "The largest image that is brought, in GiB of its file.", standard: "64"),
        SettingsKey(
            "image_pools", .texts,
            "Pools of files whose volumes machines may be made from as somebody put them there; of other pools only images that were brought by a URL."
        ),
        SettingsKey("bridges", .texts, "Bridges of the host that requests may attach cards to; none without it."),
        SettingsKey(
            "mac_prefixes", .texts, "How addresses of cards must begin that requests say, in whole bytes; 52:54:00 is QEMU's.",
            standard: "52:54:00"),
        SettingsKey("exchange_folder", .text, "A folder through which disks go out and come in; without it none do."),
    ]

    static func make(_ section: SettingsTree, _ surroundings: ProviderSurroundings) async throws(Failure) -> HostedProvider {
        var settings = LibvirtProviderSettings(uri: section.word("uri") ?? "qemu:///system")
        settings.library = section.word("library")
        settings.user = section.word("user")
        if section["password_file"].isSet { settings.password = Secret(try section.secretLine("password_file")) }
        settings.pool = section.word("pool") ?? settings.pool
        settings.network = section.word("network") ?? settings.network
        if section["vnc_listen"].isSet { settings.vncListen = section.word("vnc_listen") }
        settings.machine = section.word("machine")
        settings.domainType = section.word("domain_type")
        settings.authorityFile = section.word("ca_file")
        settings.imageSources = section["image_sources"].texts ?? []
        if let limit = section["image_limit_gib"].integer { settings.imageLimitBytes = UInt64(clamping: limit) << 30 }
        settings.imagePools = section["image_pools"].texts ?? []
        settings.bridges = section["bridges"].texts ?? []
        settings.macPrefixes = section["mac_prefixes"].texts ?? settings.macPrefixes
        settings.exchangeFolder = section.word("exchange_folder")
        let journal = try await TaskJournal("\(surroundings.stateDirectory)/tasks.db")
        let provider = try await LibvirtProvider(settings, journal: journal, logger: surroundings.logger, observer: surroundings.observer)
        var hosted = HostedProvider(provider: provider, tasks: provider.tasks) { await provider.shutdown(by: $0) }
        hosted.libvirtConnections = { provider.connectionsOpened }
        hosted.libvirtFacts = { deadline in
            guard let census = await provider.census(by: deadline) else { return nil }
            return HostedProvider.LibvirtFacts(host: census.host, domains: census.domains)
        }
        return hosted
    }
}
