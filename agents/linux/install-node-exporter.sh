#!/bin/sh
# Lets Prometheus scrape this machine: Debian's node_exporter with the collectors that martlet's rules need, kept small
# and locked in. Says what it does; running it again does nothing. README.md beside it says more.
set -eu

# What the caller has set counts for nothing: neither where programs are nor who may write what is made here.
umask 022
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C

package=prometheus-node-exporter
program=/usr/bin/prometheus-node-exporter
defaults=/etc/default/prometheus-node-exporter
smart_package=prometheus-smartctl-exporter
smart_unit=smartctl_exporter.service
smart_port=9633
state_folder=/var/lib/martlet-agent
state=$state_folder/node-exporter
guard=/usr/sbin/policy-rc.d
guard_mark="# Written by martlet's install-node-exporter.sh, which takes it away when it ends."

usage() {
    cat <<'TEXT'
Usage: sh install-node-exporter.sh [OPTIONS]

  --listen ADDRESS:PORT  where node_exporter listens; all addresses, port 9100, if not given:
                         whoever scrapes is another machine
  --scraper ADDRESS      the machine that scrapes; prints how to let it through the firewall
  --open-firewall        runs that command, where the firewall is ufw or firewalld
  --with-smart           also installs smartctl_exporter; without this, only on bare metal
                         where the package exists
  --without-smart        never installs smartctl_exporter
  --replace              replaces a drop-in that was written or edited by hand, and keeps a copy
  --dry-run              says what would be done, changes nothing
  --help                 this

The options of the last run count.
TEXT
}

say() { printf 'install-node-exporter: %s\n' "$*"; }
fail() { say "$*" >&2; exit 1; }
misused() { say "$*; --help says what there is" >&2; exit 2; }

# is_one_line TEXT EXTENDED_REGEXP: whether all of the text matches. What passes may stand in a unit or a command.
is_one_line() {
    case $1 in *[[:space:]]*) return 1 ;; esac
    printf '%s\n' "$1" | grep -Eqx "$2"
}

listen=
scraper=
open_firewall=no
smart=auto
replace=no
dry_run=no
while [ $# -gt 0 ]; do
    case $1 in
    --listen | --scraper)
        [ $# -gt 1 ] || misused "$1 needs a value"
        option=$1 value=$2
        shift
        ;;
    --listen=* | --scraper=*) option=${1%%=*} value=${1#*=} ;;
    *) option=$1 value= ;;
    esac
    case $option in
    --listen) listen=$value ;;
    --scraper) scraper=$value ;;
    --open-firewall) open_firewall=yes ;;
    --with-smart) smart=yes ;;
    --without-smart) smart=no ;;
    --replace) replace=yes ;;
    --dry-run) dry_run=yes ;;
    --help | -h) usage; exit 0 ;;
    *) misused "unknown option $option" ;;
    esac
    # What was given is checked even where it is empty: --listen "$UNSET" would otherwise open all addresses.
    case $option in
    --listen)
        is_one_line "$value" '([0-9A-Za-z._-]*|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}' ||
            misused "--listen $value: ADDRESS:PORT is wanted, such as 192.0.2.11:9100 or [2001:db8::11]:9100"
        { [ "${value##*:}" -ge 1024 ] && [ "${value##*:}" -le 65535 ]; } ||
            misused "--listen $value: the port must be 1024 to 65535, as node_exporter has no rights of root"
        ;;
    --scraper)
        is_one_line "$value" '([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+)(/[0-9]{1,3})?' ||
            misused "--scraper $value: an IP address is wanted, or a network such as 192.0.2.0/24; firewalls know no names"
        ;;
    esac
    shift
done
[ "$open_firewall" = no ] || [ -n "$scraper" ] || misused "--open-firewall needs --scraper ADDRESS, so that nobody else is let in"
# Two words on where to listen would be added up, and one of them may be meant to keep the network out.
in_args=$(grep -v '^[[:space:]]*#' "$defaults" 2>/dev/null | sed -n 's/.*--web\.listen-address[= ]\([^ "'\'']*\).*/\1/p' | tail -n 1) || in_args=
[ -z "$listen" ] || [ -z "$in_args" ] ||
    fail "ARGS in $defaults says --web.listen-address=$in_args already: take it out there, or leave --listen away"
port=${listen:-${in_args:-:9100}}
port=${port##*:}

# Where this is.

os_release() { sed -n "s/^$1=//p" /etc/os-release 2>/dev/null | tr -d "\"'" || :; }
distribution=$(os_release PRETTY_NAME)
case " $(os_release ID) $(os_release ID_LIKE) " in
*" debian "* | *" ubuntu "*) ;;
*)
    fail "this is ${distribution:-no distribution that says its name}, and only Debian, Ubuntu and their kin are known here; install the package of node_exporter that your distribution has (golang-github-prometheus-node-exporter in Fedora and EPEL, prometheus-node-exporter in Arch and Alpine) and give it the flags that README.md names"
    ;;
esac
{ command -v apt-get && command -v dpkg-query; } >/dev/null || fail "apt-get and dpkg-query are missing, and nothing is installed without them"
[ "$dry_run" = yes ] || [ "$(id -u)" = 0 ] || fail "not root; run it with sudo, or with --dry-run to see what it would do"

# Whoever may write the state could say what root is to do.
for one in "$state_folder" "$state"; do
    [ ! -e "$one" ] || [ -n "$(find "$one" -prune ! -type l -user 0 ! -perm /022)" ] ||
        fail "$one is refused, as it is a link, is not root's, or others may write it; look at what is in it, then: chown root $one && chmod go-w $one"
done

systemd_runs=no
[ ! -d /run/systemd/system ] || systemd_runs=yes
container=$(systemd-detect-virt --container 2>/dev/null) || :
machine=$(systemd-detect-virt --vm 2>/dev/null) || :
if ! command -v systemd-detect-virt >/dev/null; then
    container=unknown machine=unknown
fi

# What was done, and what there was before. Facts of the first run stay, so that the uninstaller finds its way back.

changes=0
begin() {
    changes=$((changes + 1))
    if [ "$dry_run" = yes ]; then say "not done (dry run): $*"; return 1; fi
    say "$*"
}

remembered() { sed -n "s/^$1=//p" "$state" 2>/dev/null || :; }

remember() {
    [ "$dry_run" = no ] || return 0
    [ "$(remembered "$1")" != "$2" ] || return 0
    [ -d "$state_folder" ] || install -d -m 755 "$state_folder"
    { [ ! -f "$state" ] || grep -v "^$1=" "$state" || :; printf '%s=%s\n' "$1" "$2"; } >"$state.new"
    mv "$state.new" "$state"
}

remember_first() { [ -n "$(remembered "$1")" ] || remember "$1" "$2"; }

is_installed() { dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed; }

installed_packages() { dpkg-query -W -f '${Package} ${db:Status-Status}\n' | sed -n 's/ installed$//p' | sort -u; }

has_candidate() { apt-cache policy "$1" 2>/dev/null | grep -q '^  Candidate: [^(]'; }

unit_is() { [ "$systemd_runs" = yes ] && systemctl --quiet "$1" "$2" 2>/dev/null; }

# Whether somebody listens on a TCP port, with no tool that a small system may lack.
is_taken() { grep -Eqi "^ *[0-9]+: [0-9a-f]+:$(printf '%04X' "$1") [0-9a-f]+:0000 0a " /proc/net/tcp /proc/net/tcp6 2>/dev/null; }

# A package starts its service as it is installed: with Debian's flags, on all addresses. This holds ours back until its
# drop-in is there, and any service where systemd does not run (there, a start script would start it for real).
set_guard() {
    [ ! -e "$guard" ] || return 0
    trap 'rm -f "$guard"' EXIT
    trap 'exit 1' INT TERM HUP
    {
        printf '#!/bin/sh\n%s\n' "$guard_mark"
        if [ "$systemd_runs" = yes ]; then
            # shellcheck disable=SC2016
            printf 'case $1 in prometheus-node-exporter* | smartctl_exporter*) exit 101 ;; esac\nexit 0\n'
        else
            printf 'exit 101\n'
        fi
    } >"$guard"
    chmod 755 "$guard"
}

# A run that was killed leaves its guard, which would hold services back for ever.
if grep -qsxF "$guard_mark" "$guard" && begin "removing $guard, which a run that was cut off has left"; then
    rm "$guard"
fi

updated=no
update_lists() {
    [ "$updated" = no ] || return 0
    updated=yes
    # A Proxmox node without a subscription gets 401 from one of its repositories; the others have what is needed.
    apt-get -o DPkg::Lock::Timeout=120 update -qq || say "apt-get update had complaints; going on with the lists that there are"
}

install_packages() {
    if [ "$dry_run" = yes ]; then
        begin "installing from $distribution:$(apt-get -s install --no-install-recommends "$@" 2>/dev/null | sed -n 's/^Inst \([^ ]*\).*/ \1/p' | tr -d '\n' | grep . || printf ' %s' "$*")" || :
        return 0
    fi
    begin "installing from $distribution: $*"
    export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
    update_lists
    before=$(installed_packages)
    set_guard
    apt-get -o DPkg::Lock::Timeout=120 install -y -qq --no-install-recommends "$@" >/dev/null ||
        fail "apt-get could not install $*; its own words stand above"
    added=$(installed_packages | grep -vxF "$before" | tr '\n' ' ')
    remember packages_added "$(printf '%s %s' "$(remembered packages_added)" "$added" | xargs)"
    say "new here: $added"
}

# Writes a file, unless a person had a hand in the one that is there; `rewritten` says whether it did.
# write_drop_in NAME_IN_STATE PATH TEXT
write_drop_in() {
    rewritten=no
    sum=$(printf '%s\n' "$3" | sha256sum | cut -d ' ' -f 1)
    there=
    [ ! -f "$2" ] || there=$(sha256sum <"$2" | cut -d ' ' -f 1)
    if [ "$there" = "$sum" ]; then
        remember "$1_sum" "$sum"
        return 0
    fi
    if [ -n "$there" ] && [ "$there" != "$(remembered "$1_sum")" ]; then
        if [ "$replace" = no ]; then
            say "kept as it is, as somebody wrote or edited it by hand: $2 (--replace puts ours there and keeps a copy)"
            return 0
        fi
        copy=$state_folder/$(basename "$(dirname "$2")")-$(basename "$2").$(date +%Y%m%dT%H%M%S)
        if begin "keeping a copy of $2: $copy"; then
            install -d -m 755 "$state_folder"
            cp -p "$2" "$copy"
            remember_first "$1_copy" "$copy"
        fi
    fi
    begin "writing $2" || return 0
    remember_first "$1_folder" "$([ -d "$(dirname "$2")" ] && echo present || echo absent)"
    install -d -m 755 "$(dirname "$2")"
    printf '%s\n' "$3" >"$2.new"
    chmod 644 "$2.new"
    mv "$2.new" "$2"
    remember "$1_sum" "$sum"
    rewritten=yes
}

# The flags. No backslash and no percent sign in them, which systemd would read as its own; $ is doubled for the same
# reason. A flag stands only where the program has it and the administrator's ARGS do not: given twice, it is refused.

flags() {
    [ -z "$listen" ] || printf '%s\n' "--web.listen-address=$listen"
    cat <<'TEXT'
--collector.systemd
--collector.systemd.enable-restarts-metrics
--collector.systemd.unit-exclude=.+[.](automount|device|mount|scope|slice|target)|(user|user-runtime-dir|sshd?|pve-container|pve-container-debug|systemd-fsck|systemd-coredump|modprobe)@.+|run-.+|[0-9a-f]{64}.*
--collector.processes
--collector.textfile.directory=/var/lib/prometheus/node-exporter
--collector.filesystem.mount-points-exclude=^/(dev|proc|run|sys|snap|var/snap|var/lib/docker|var/lib/containers|var/lib/kubelet|var/lib/lxc|.+/subvol-[0-9]+-disk-[0-9]+)($$|/)
--collector.filesystem.fs-types-exclude=^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|efivarfs|fuse|fuse[.].+|fusectl|hugetlbfs|iso9660|mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tracefs|nfs4?|cifs|smb3|ceph|glusterfs|9p)$$
--collector.netdev.device-exclude=^(lo|(veth|tap|fwbr|fwpr|fwln|cali).*|vnet[0-9]+|br-[0-9a-f]{12}|lxc[0-9a-f]{12})$$
--collector.netclass.ignored-devices=^(lo|(veth|tap|fwbr|fwpr|fwln|cali).*|vnet[0-9]+|br-[0-9a-f]{12}|lxc[0-9a-f]{12})$$
--collector.diskstats.device-exclude=^((ram|loop|fd|sr|zram|dm-|zd|nbd|rbd|drbd)[0-9].*|(h|s|v|xv)d[a-z]+[0-9]+|nvme[0-9]+n[0-9]+p[0-9]+|mmcblk[0-9]+(p|boot)[0-9]+)$$
TEXT
}

flag_names() { tr '\t "'\''=' '\n' | sed -n 's/^--\(no-\)\{0,1\}\([a-z]\)/\2/p'; }

chosen_flags() {
    theirs=$(grep -v '^[[:space:]]*#' "$defaults" 2>/dev/null | flag_names) || theirs=
    known=$("$program" --help 2>&1 | sed 's/--\[no-\]/--/' | flag_names) || known=
    flags | while read -r flag; do
        name=$(printf '%s\n' "$flag" | flag_names | head -n 1)
        if printf '%s\n' "$theirs" | grep -qxF "$name"; then
            say "left to ARGS in $defaults: --$name" >&2
        elif [ -n "$known" ] && ! printf '%s\n' "$known" | grep -qxF "$name"; then
            say "left out, as the $program here does not have it: --$name" >&2
        else
            printf '%s\n' "$flag"
        fi
    done
}

node_exporter_drop_in() {
    cat <<'TEXT'
# Written by martlet's install-node-exporter.sh, which leaves this file alone once you edit it.
#
# ExecStart and not ARGS in /etc/default/prometheus-node-exporter: that file is the administrator's, a changed one makes
# dpkg ask at upgrades, and its backslashes need doubling twice. Your own ARGS count as before, after these flags. A flag
# must not be given twice, so after naming one of these in ARGS, run the script again: it then leaves it to you.

[Service]
# - Services with their restarts, without what comes and goes: sessions, containers, transient units.
# - File systems of this machine: data disks below /mnt too, which Debian leaves out; not those of containers, and none
#   of the network, whose server may hang.
# - Network cards without the virtual ones of guests and containers, of which the API tells.
# - Disks without partitions and the volumes of guests.
ExecStart=
TEXT
    printf 'ExecStart=%s' "$program"
    printf '%s\n' "$1" | sed '/^$/d' | while read -r flag; do printf ' \\\n  %s' "$flag"; done
    # shellcheck disable=SC2016
    printf ' \\\n  $ARGS\n'
    cat <<'TEXT'
# An address that is not there yet at boot is tried again, for ever. Not network-online.target: where nobody says that the
# network is there, waiting for it takes minutes.
RestartSec=5

# It reads and tells; it needs no right of root. Not here, because numbers would be missing or wrong:
# ProtectClock (adjtimex tells whether the clock is in step), ProtectProc (processes are counted), ProtectHome=yes
# (a file system on /home would have the size of another), PrivateUsers (ZFS), ProtectHostname (a stale name).
CapabilityBoundingSet=
AmbientCapabilities=
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
# AF_UNIX for the system bus, AF_NETLINK for network cards.
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources @keyring @memlock
# What Go asks for at its start, and whether the clock is in step.
SystemCallFilter=prlimit64 adjtimex
SystemCallErrorNumber=EPERM
UMask=0077
TEXT
    if [ -n "$container" ] && [ "$container" != none ]; then
        cat <<'TEXT'

# This is a container, and many forbid the mounts that ProtectSystem and its like are made of; the service would not start.
TEXT
    else
        cat <<'TEXT'

ProtectSystem=strict
ProtectHome=read-only
ProtectControlGroups=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
PrivateDevices=yes
PrivateMounts=yes
PrivateTmp=yes
TEXT
    fi
}

smart_drop_in() {
    cat <<TEXT
# Written by martlet's install-node-exporter.sh, which leaves this file alone once you edit it.
[Service]
ExecStart=
ExecStart=/usr/bin/smartctl_exporter --web.listen-address=${listen%:*}:$smart_port
RestartSec=5
# smartctl talks to disks as root; all else is closed.
CapabilityBoundingSet=CAP_SYS_RAWIO CAP_SYS_ADMIN CAP_DAC_OVERRIDE
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
ProtectSystem=strict
ProtectHome=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
PrivateTmp=yes
UMask=0077
TEXT
}

# Brings a unit to the state in which it is scraped. start_unit UNIT PORT DROP_IN_CHANGED
start_unit() {
    [ "$systemd_runs" = yes ] || return 0
    if ! unit_is is-enabled "$1" && begin "enabling $1"; then
        systemctl unmask --quiet "$1"
        systemctl enable --quiet "$1"
    fi
    if [ "$3" = yes ] || ! unit_is is-active "$1"; then
        begin "starting $1" || return 0
        systemctl daemon-reload
        systemctl restart "$1" || :
        for _ in 1 2 3 4 5 6 7 8 9 10; do
            sleep 0.5
            ! { unit_is is-active "$1" && is_taken "$2"; } || return 0
        done
        fail "$1 does not run on port $2; see: journalctl -n 20 -u $1"
    fi
}

# node_exporter.

first_state() {
    remember_first "$1_package" "$(is_installed "$2" && echo present || echo absent)"
    [ "$systemd_runs" = yes ] || return 0
    remember_first "$1_enabled" "$(systemctl is-enabled "$3" 2>/dev/null | grep . || echo absent)"
    remember_first "$1_active" "$(systemctl is-active "$3" 2>/dev/null | grep . || echo inactive)"
}

if ! unit_is is-active $package.service && [ "$systemd_runs" = yes ] && is_taken "$port"; then
    fail "something else listens on port $port (ss -ltnp tells what); stop it, or choose another port with --listen"
fi

missing=
is_installed $package || missing=$package
# The collector of units asks systemd on the system bus.
is_installed dbus || is_installed dbus-broker || missing="$missing dbus"
first_state node $package $package.service
if [ -n "$missing" ]; then
    # Word splitting is meant: one argument a package.
    # shellcheck disable=SC2086
    install_packages $missing
fi

# A bus that was just installed waits for the next boot.
if [ "$systemd_runs" = yes ] && ! unit_is is-active dbus.socket && begin "starting dbus.socket"; then
    systemctl daemon-reload
    systemctl start dbus.socket || say "dbus.socket does not start, so no states of units are told" >&2
fi

drop_in=/etc/systemd/system/$package.service.d/martlet.conf
for other in "${drop_in%/*}"/*.conf; do
    [ "$other" != "$drop_in" ] || continue
    ! grep -qs '^ExecStart=' "$other" || say "$other has an ExecStart of its own, which goes before or breaks ours: systemctl cat $package tells"
done
[ ! -f /etc/systemd/system/$package.service ] || say "/etc/systemd/system/$package.service takes the place of Debian's unit; ours only adds to it"
write_drop_in node "$drop_in" "$(node_exporter_drop_in "$(chosen_flags)")"
start_unit $package.service "$port" "$rewritten"
ports=$port

# smartctl_exporter: disks are seen where they are, so on bare metal only, unless somebody knows better.

if [ "$smart" = yes ] && [ -n "$container" ] && [ "$container" != none ]; then
    fail "SMART needs the disks, which no container has: install it on the host"
elif [ "$smart" = auto ] && [ "$container/$machine" != none/none ]; then
    smart=no
elif [ "$smart" != no ] && ! is_installed $smart_package && ! has_candidate $smart_package; then
    [ "$smart" = auto ] || fail "$distribution has no package $smart_package; Debian 13 has it in backports, Ubuntu from 26.04 on"
    say "SMART of disks is not told here, as $distribution has no package $smart_package; of a Proxmox node, martlet asks the API"
    smart=no
fi
if [ "$smart" != no ]; then
    first_state smart $smart_package $smart_unit
    is_installed $smart_package || install_packages $smart_package
    write_drop_in smart "/etc/systemd/system/$smart_unit.d/martlet.conf" "$(smart_drop_in)"
    start_unit $smart_unit $smart_port "$rewritten"
    ports="$ports $smart_port"
fi

# The firewall. Printed and not done, unless asked for: who may reach this machine is not ours to decide.

# The table and chain of nftables that packets for this machine come by: FAMILY TABLE CHAIN.
nftables_chain() {
    case $scraper in *:*) other=ip ;; *) other=ip6 ;; esac
    nft list chains 2>/dev/null | awk -v other="$other" '
        $1 == "table" { table = $2 " " $3; fits = ($2 == "inet" || $2 == "ip" || $2 == "ip6") && $2 != other }
        $1 == "chain" { chain = $2 }
        fits && /type filter hook input/ { print table, chain; exit }'
}

find_firewall() {
    if [ "$(firewall-cmd --state 2>/dev/null)" = running ]; then echo firewalld
    elif ufw status 2>/dev/null | grep -q '^Status: active'; then echo ufw
    elif pve-firewall status 2>/dev/null | grep -q enabled; then echo pve-firewall
    elif [ -n "$(nftables_chain)" ]; then echo nftables
    else echo none
    fi
}

# rich_rule PORT: as firewalld writes it.
rich_rule() {
    case $scraper in *:*) ip=ipv6 ;; *) ip=ipv4 ;; esac
    echo "rule family=\"$ip\" source address=\"$scraper\" port port=\"$1\" protocol=\"tcp\" accept"
}

# firewall_command FIREWALL PORT
firewall_command() {
    case $scraper in *:*) ip=ip6 ;; *) ip=ip ;; esac
    case $1 in
    ufw) echo "ufw allow proto tcp from $scraper to any port $2" ;;
    firewalld) echo "firewall-cmd --permanent --add-rich-rule='$(rich_rule "$2")' && firewall-cmd --add-rich-rule='$(rich_rule "$2")'" ;;
    pve-firewall) echo "pvesh create /nodes/$(uname -n | cut -d . -f 1)/firewall/rules --type in --action ACCEPT --source $scraper --proto tcp --dport $2 --enable 1" ;;
    nftables) echo "nft insert rule $(nftables_chain) $ip saddr $scraper tcp dport $2 accept" ;;
    esac
}

is_open() {
    case $1 in
    ufw) ufw show added 2>/dev/null | grep -qxF "ufw allow from $scraper to any port $2 proto tcp" ;;
    firewalld) firewall-cmd --permanent --query-rich-rule="$(rich_rule "$2")" >/dev/null 2>&1 ;;
    *) false ;;
    esac
}

firewall=$(find_firewall)
if [ "$firewall" = none ]; then
    say "no firewall was found here$([ "$(id -u)" = 0 ] || echo ', but only root sees all of them'); whoever reaches ${listen:-port $port of this machine} can read it"
    [ "$open_firewall" = no ] || say "so there is nothing to open"
elif [ -z "$scraper" ]; then
    say "$firewall is at work here; --scraper ADDRESS prints the command that lets your Prometheus through"
else
    for one in $ports; do
        command=$(firewall_command "$firewall" "$one")
        if is_open "$firewall" "$one"; then
            say "$firewall lets $scraper through to port $one"
        elif [ "$open_firewall" = yes ] && { [ "$firewall" = ufw ] || [ "$firewall" = firewalld ]; }; then
            begin "opening the firewall: $command" || continue
            sh -c "$command" >/dev/null
            remember firewall_rules "$(printf '%s %s' "$(remembered firewall_rules)" "$firewall,$scraper,$one" | xargs)"
        else
            say "to let $scraper through $firewall, run: $command"
            [ "$firewall" != nftables ] || say "and write the same rule into /etc/nftables.conf, or it is gone at the next boot"
            [ "$open_firewall" = no ] || say "not opened: rules of $firewall are yours to keep in order"
        fi
    done
fi

# What to know at the end.

[ -e /proc/pressure/cpu ] || say "this kernel tells no pressure (PSI); the kernel's command line psi=1 switches it on where it was built in"
if [ "$changes" = 0 ]; then
    say "nothing to do: everything is as it should be"
elif [ "$dry_run" = yes ]; then
    say "this was a dry run; nothing was changed"
elif [ "$systemd_runs" = no ]; then
    say "systemd does not run here, so nothing was started; it starts with the next boot of a system that has systemd"
else
    say "node_exporter answers on port $port; README.md says how to tell Prometheus"
fi
