import Primitives
import Serving
import Settings
import Simulation
import Web

/// `martlet simulate libvirt`
enum SimulateLibvirt {
    static let command = Command(
        "libvirt", "Simulates a KVM host: a libvirtd on a socket, for virsh and whatever else speaks its protocol",
        flags: [
            Flag("socket", "PATH", "Where libvirtd listens; by default libvirt-sock in the folder of --world, or here"),
            Flag("listen", "ADDRESS", "Where scenarios are set", standard: "127.0.0.1:18400"),
            Flag("host", "NAME", "Name of the host", standard: "kvm01"),
            Flag("domains", "COUNT", "Virtual machines, up to 1000", standard: "8"),
            Flag("scenario", "NAME", "What is played from the beginning"),
            Flag("time", "UNIXSECONDS", "Shows the host as of this one moment; it does not move"),
        ] + SimulateCommand.world.filter { ["nodes", "seed", "world"].contains($0.name) },
        notes: ["virsh -c 'qemu+unix:///system?socket=PATH' opens it. Nothing can be changed there but by scenarios."])

    static func run(_ values: SimulateCommand.Values) throws(Failure) -> Never {
        var options = LibvirtSimulator.Options()
        options.listen = try values.address("listen")
        options.host = values.text("host")
        options.domains = try values.count("domains", in: 0...1000)
        options.scenario = values.optional("scenario")
        options.nodes = try values.count("nodes", in: 1...1000)
        options.seed = UInt64(try values.count("seed", in: 0...Int.max))
        options.worldDirectory = values.optional("world")
        options.socket = values.optional("socket") ?? "\(values.optional("world") ?? ".")/libvirt-sock"
        if values.optional("time") != nil { options.clock = .fixed(Double(try values.count("time", in: 0...4_100_000_000))) }
        let (ready, logger) = (options, values.logger)
        try ServiceRunner.run { stop throws(Failure) in
            let simulator = try await LibvirtSimulator.start(ready, logger: logger)
            logger.info("simulated libvirtd", ["uri": simulator.uri, "host": ready.host, "domains": ready.domains])
            logger.info("its scenarios", ["url": simulator.address.url()])
            await stop.wait()
            await simulator.stop(withinSeconds: 2)
        }
    }
}
