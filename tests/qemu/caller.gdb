# SPDX-License-Identifier: GPL-2.0-only
#
# What gdb does to a Linux guest that runs tests/qemu/caller.S, under QEMU: the kernel
# and the program, by breakpoints, watchpoints and steps. Prints TAP, and the trace of
# its steps for tests/qemu/judge-steps. Run by tests/qemu/gdb-linux, which gives the
# addresses of what the kernel exports, as:  gdb -batch -x THIS caller
set pagination off
set confirm off
set $number = 0

# result CONDITION NAME: a condition has no blanks
define result
	set $number = $number + 1
	if $arg0
		printf "ok %d - ", $number
		printf $arg1
		printf "\n"
	else
		printf "not ok %d - ", $number
		printf $arg1
		printf "\n"
		printf "# at 0x%x, cs 0x%x\n", $pc, $cs
	end
end

# handler NAME VECTOR: where the guest's own table leads, for the judge.
define handler
	set $gate = (unsigned short *)($idt + 8 * $arg1)
	set $handler = (unsigned)($gate[0] | $gate[3] << 16)
	printf "handler $arg0 %u\n", $handler
end

# trace COUNT: steps, and before each all that says where it has to lead.
define trace
	set $i = 0
	while $i < $arg0
		printf "state %u %u %u %u %u %u %u %u %u %u %u %u\n", $pc, $eflags, $eax, $ecx, $edx, $ebx, $esp, $ebp, $esi, $edi, $cs & 3, *(unsigned *)$esp
		x/2i $pc
		stepi
		set $i = $i + 1
	end
	printf "state %u %u %u %u %u %u %u %u %u %u %u %u\n", $pc, $eflags, $eax, $ecx, $edx, $ebx, $esp, $ebp, $esi, $edi, $cs & 3, *(unsigned *)$esp
end

target remote gdb.socket
pipe monitor info registers | sed -n 's/^IDT= *\([0-9a-f]*\) .*/set $idt = 0x\1/p' >idt.gdb
source idt.gdb
handler system_call 0x80
set $entry = $handler
handler page_fault 14
result (($cs&3)==0) "attached while the guest waits in its kernel"

# The program is let go here: all that was met is met after this.
hbreak *$proc_dointvec_minmax
shell echo >serial.in
continue
result ($pc==$proc_dointvec_minmax&&($cs&3)==0) "hbreak: in a function of the kernel"
set $before = *(int *)$overflowuid
delete
watch *(int *)$overflowuid
continue
set $value = *(int *)$overflowuid
result ($value==60000&&$value!=$before&&($cs&3)==0) "watch: a variable of the kernel, when it is written"
continue
result (*(int*)$overflowuid==60001) "and when it is written again"
delete
rwatch *(int *)$jiffies
continue
result (($cs&3)==0) "rwatch: the kernel looks at its clock"
delete
watch *(int *)$jiffies
set $before = *(int *)$jiffies
continue
set $ticks = *(int *)$jiffies
continue
result ($ticks-$before>0&&*(int*)$jiffies-$ticks>0) "watch: an interrupt moves it"
delete

break *$proc_dointvec_minmax
continue
result ($pc==$proc_dointvec_minmax) "break: in the kernel"
set $before = *(int *)&rounds
continue
result ($pc==$proc_dointvec_minmax&&*(int*)&rounds==$before+1) "and in the next round"
delete
break *round
continue
result ($pc==(unsigned)&round&&($cs&3)==3) "break: in the program"
continue
result ($pc==(unsigned)&round&&*(int*)&rounds==$before+3) "and in the next round"
delete

trace 1500
break *opened
continue
result ($pc==(unsigned)&opened&&($cs&3)==3&&(int)$eax>=0) "the call in which they ended comes back"
delete

# The same once more, from the kernel's entry.
hbreak *$entry
continue
result ($pc==$entry&&($cs&3)==0) "hbreak: at the kernel's entry"
set $behind = *(unsigned *)$esp
result ((((unsigned*)$esp)[2]&0x100)==0) "whose frame shows no trap flag"
delete
hbreak *$behind
continue
result ($pc==$behind&&($cs&3)==3) "hbreak: where it returns to"
delete

# All taken away, it goes on by itself to its end.
set *(int *)&go = 1
break *ended
continue
result ($pc==(unsigned)&ended) "break: at its end"
delete
printf "1..%d\n", $number
detach
