import Glibc
import Primitives
import Testing
import Web

@testable import Stack

extension ProcessTests {
    @Suite struct PortCheckTests {
        @Test func aBusyPortIsNamedWithItsFlagAndDebiansService() throws {
            let address = ListenAddress(host: "127.0.0.1", port: try freePorts(1)[0])
            let descriptor = try address.listen(origin: "test")
            defer { close(descriptor) }
            let place = StackPlan.Place(address, flag: "--prometheus.listen-address")
            let busy = "port \(address.port) on 127.0.0.1 is in use; choose another with --prometheus.listen-address"
            #expect(failure { try PortCheck.run([(place, nil)]) } == busy)
            #expect(
                failure { try PortCheck.run([(place, "prometheus")]) }
                    == "\(busy), or stop Debian's own service: systemctl disable --now prometheus")
        }

        @Test func freePortsAreFreeAfterTheCheck() throws {
            let place = StackPlan.Place(ListenAddress(host: "127.0.0.1", port: try freePorts(1)[0]), flag: "--x")
            try PortCheck.run([(place, nil)])
            try PortCheck.run([(place, nil)])
        }
    }
}
