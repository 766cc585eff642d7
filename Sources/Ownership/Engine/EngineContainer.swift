import JSON
import Primitives
import Web

/// What an engine says of one container.
package struct EngineContainer: Sendable, Hashable {
    /// 64 hexadecimal digits.
    package let id: String
    package var name: String
    /// As it was started with: `vllm/vllm-openai:v0.9.1`.
    package var image: String
    package var imageID: String
    /// created, running, paused, restarting, removing, exited, dead; of Podman also others.
    package var state: String
    /// starting, healthy, unhealthy; empty when nothing checks it.
    package var health: String
    /// Of the last run, once that is over.
    package var exitCode: Int?
    package var isOOMKilled: Bool
    /// The first process, in the engine's own namespace; nil when none runs.
    package var pid: Int?
    /// Unix seconds.
    package var startedAt: Double?
    package var finishedAt: Double?
    /// Restarts by the engine's policy, of this container only.
    package var restartCount: Int
    /// bridge, host, none, container:ID, or the name of a network.
    package var networkMode: String
    package var runtime: String
    /// TCP ports that the engine has published.
    package var ports: [PublishedPort]
    /// Addresses of its own, in the networks that it is in.
    package var addresses: [String]
    /// Cards that it was given: numbers, UUIDs, or `all`; empty for none.
    package var gpus: [String]
    /// Whether it was given a terminal, which makes one stream of what it prints.
    package var hasTerminal: Bool
    /// Those that are wanted.
    package var labels: [String: String]
    /// Starts of a container of that name after the first that is known, whichever container it was.
    package internal(set) var restarts = 0
    /// Times that the kernel killed a process of a container of that name for want of memory, as far as the engine tells.
    package internal(set) var oomKills = 0
    /// Those of the present or last run.
    package internal(set) var oomKillsOfRun = 0

    package var isRunning: Bool { state == "running" || state == "paused" }

    /// A port of the container, and where it is reached from outside.
    package struct PublishedPort: Sendable, Hashable {
        package let inside: Int
        /// Of the machine; empty, `0.0.0.0` or `::` for all of its addresses.
        package let address: String
        package let outside: Int

        package init(inside: Int, address: String, outside: Int) {
            (self.inside, self.address, self.outside) = (inside, address, outside)
        }
    }

    private static let cardLimit = 64
    private static let portLimit = 256

    /// Reads the answer of `/containers/ID/json`. Nil when it is none.
    init?(inspection value: JSONValue, labels wanted: Set<String>) {
        guard let id = value["Id"]?.text, Self.isID(id) else { return nil }
        let (status, host, settings) = (value["State"], value["HostConfig"], value["Config"])
        self.id = id
        name = Self.name(value["Name"]?.text ?? "")
        image = shortLine(settings?["Image"]?.text ?? "", limit: 256)
        imageID = shortLine(value["Image"]?.text ?? "")
        state = shortLine(status?["Status"]?.text?.lowercased() ?? "", limit: 32)
        // Podman 4 has "stopped" for one that has ended and was not cleaned up yet.
        if state == "stopped" { state = "exited" }
        // Docker says "none" where Podman leaves it empty.
        let health = status?["Health"]?["Status"]?.text?.lowercased() ?? ""
        self.health = health == "none" ? "" : shortLine(health, limit: 32)
        isOOMKilled = status?["OOMKilled"]?.flag ?? false
        pid = status?["Pid"]?.integer.flatMap { $0 > 0 ? $0 : nil }
        startedAt = status?["StartedAt"]?.text.flatMap(Self.moment)
        finishedAt = status?["FinishedAt"]?.text.flatMap(Self.moment)
        restartCount = max(0, min(value["RestartCount"]?.integer ?? 0, 1 << 40))
        networkMode = shortLine(host?["NetworkMode"]?.text ?? "")
        runtime = shortLine(host?["Runtime"]?.text ?? "", limit: 64)
        ports = Self.ports(value["NetworkSettings"])
        addresses = Self.addresses(value["NetworkSettings"])
        gpus = Self.gpus(host, settings, runtime: runtime)
        hasTerminal = settings?["Tty"]?.flag ?? false
        labels = [:]
        settings?["Labels"]?.forEachMember { key, value in
            guard !wanted.isEmpty, key.text.utf8.count <= 256, let text = value.text else { return }
            let name = key.text
            if wanted.contains(name) { labels[name] = shortLine(text) }
        }
        exitCode = ["exited", "dead"].contains(state) ? status?["ExitCode"]?.integer : nil
    }

    static func isID(_ text: String) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// `/web` is `web`.
    private static func name(_ text: String) -> String { shortLine(text.hasPrefix("/") ? String(text.dropFirst()) : text) }

    /// `2026-11-22T16:24:39.65Z`, or with a zone as `+01:00`. Nil for the year 1, which stands for never.
    package static func moment(_ text: String) -> Double? {
        guard text.utf8.count < 64, let mark = text.firstIndex(of: "T") else { return nil }
        let clock = text[text.index(after: mark)...]
        guard let time = CivilTime(parsing: "\(text[..<mark]) \(clock.prefix(8))") else { return nil }
        var rest = clock.dropFirst(8)
        var fraction = 0.0
        if rest.first == "." {
            let digits = rest.dropFirst().prefix { $0.isASCII && $0.isNumber }
            fraction = Double("0.\(digits)") ?? 0
            rest = rest.dropFirst(digits.count + 1)
        }
        guard let zone = rest.first, zone != "Z" else { return time.unixSeconds + fraction }
        let parts = rest.dropFirst().split(separator: ":")
        guard parts.count == 2, let hours = parts[0].utf8.decimalNumber, let minutes = parts[1].utf8.decimalNumber else { return nil }
        let offset = Double(hours * 3600 + minutes * 60)
        return time.unixSeconds + fraction + (zone == "-" ? offset : -offset)
    }

    // MARK: network

    /// `{"8000/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8000"}], "22/tcp": null}`, those of IPv4 first.
    private static func ports(_ network: JSONValue?) -> [PublishedPort] {
        var ports: [PublishedPort] = []
        network?["Ports"]?.forEachMember { key, places in
            guard key.text.hasSuffix("/tcp"), let inside = key.text.dropLast(4).utf8.decimalNumber else { return }
            places.forEachElement { place in
                guard ports.count < portLimit, let outside = place["HostPort"]?.integer, (1...65_535).contains(outside) else { return }
                let text = place["HostIp"]?.text ?? ""
                guard text.isEmpty || IPAddress(text) != nil else { return }
                ports.append(PublishedPort(inside: inside, address: text, outside: outside))
            }
        }
        return ports.sorted {
            ($0.inside, $0.address.contains(":") ? 1 : 0, $0.outside) < ($1.inside, $1.address.contains(":") ? 1 : 0, $1.outside)
        }
    }

    private static func addresses(_ network: JSONValue?) -> [String] {
        var addresses: [String] = []
        func add(_ text: String?) {
            guard let text, IPAddress(text) != nil, !addresses.contains(text), addresses.count < 16 else { return }
            addresses.append(text)
        }
        add(network?["IPAddress"]?.text)
        network?["Networks"]?.forEachMember { _, place in add(place["IPAddress"]?.text) }
        return addresses
    }

    // MARK: cards

    private static func gpus(_ host: JSONValue?, _ settings: JSONValue?, runtime: String) -> [String] {
        var cards: [String] = []
        func add(_ card: some StringProtocol) {
            let text = shortLine(String(card), limit: 64)
            if !text.isEmpty, cards.count < cardLimit, !cards.contains(text) { cards.append(text) }
        }
        host?["DeviceRequests"]?.forEachElement { request in
            var (isGPU, ids) = (false, [String]())
            request["Capabilities"]?.forEachElement { $0.forEachElement { if $0.text == "gpu" { isGPU = true } } }
            request["DeviceIDs"]?.forEachElement { if let id = $0.text, ids.count < cardLimit { ids.append(id) } }
            // A device by its CDI name needs no capability.
            for id in ids {
                let name = id.hasPrefix("nvidia.com/gpu=") ? String(id.dropFirst("nvidia.com/gpu=".count)) : id
                if isGPU || name != id { add(name) }
            }
            guard isGPU, ids.isEmpty, let count = request["Count"]?.integer, count != 0 else { return }
            // So many are the first so many.
            if count < 0 { add("all") } else { for index in 0..<min(count, cardLimit) { add(String(index)) } }
        }
        host?["Devices"]?.forEachElement { device in
            guard let path = device["PathOnHost"]?.text, path.hasPrefix("/dev/nvidia") else { return }
            let number = path.dropFirst("/dev/nvidia".count)
            if number.utf8.decimalNumber != nil { add(number) }
        }
        // Images made for cards carry the variable; it has a meaning where that runtime reads it.
        guard cards.isEmpty, runtime.contains("nvidia") else { return cards }
        let key = "NVIDIA_VISIBLE_DEVICES="
        settings?["Env"]?.forEachElement { variable in
            guard let text = variable.text, text.hasPrefix(key) else { return }
            let value = text.dropFirst(key.count)
            guard value != "none", value != "void" else { return }
            for card in value.split(separator: ",").prefix(cardLimit) { add(card) }
        }
        return cards
    }
}
