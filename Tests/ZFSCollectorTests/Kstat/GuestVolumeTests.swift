import Testing

@testable import ZFSCollector

@Suite struct GuestVolumeTests {
    @Test(arguments: [
        ("rpool/data/vm-204-disk-0", "204", "disk-0"), ("tank/base-9000-disk-1", "9000", "disk-1"),
        ("rpool/data/subvol-110-disk-0", "110", "disk-0"), ("rpool/basevol-111-disk-0", "111", "disk-0"),
        ("tank/vm-204-cloudinit", "204", "cloudinit"), ("tank/vm-204-state-before-upgrade", "204", "state-before-upgrade"),
        ("tank/vm-999999999-disk-12", "999999999", "disk-12"),
    ])
    func `volumes of guests`(dataset: String, vmid: String, disk: String) {
        let volume = GuestVolume(dataset: dataset)
        #expect(volume?.vmid == vmid)
        #expect(volume?.disk == disk)
    }

    @Test(arguments: [
        "rpool", "rpool/data", "vm-204-disk-0", "tank/vm-204", "tank/vm-204-", "tank/vm-12-disk-0", "tank/vm-0204-disk-0",
        "tank/vm--disk-0",
        "tank/vm-204-disk-1@snap", "tank/xvm-204-disk-0", "tank/vm-204-disk-0/child", "tank/vm-２04-disk-0", "tank/vm-9999999999-disk-0", "",
        "/",
        "tank/vm-204-my disk", "tank/vm-",
    ])
    func `what is no guest's volume`(dataset: String) { #expect(GuestVolume(dataset: dataset) == nil) }
}
