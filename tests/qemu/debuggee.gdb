# SPDX-License-Identifier: GPL-2.0-only
#
# What gdb does to tests/qemu/debuggee.S, under QEMU: breakpoints in memory and in
# registers, watchpoints, and a thousand steps, each of which has to arrive where
# the guest's table says, in ring 0 and in ring 3 while its timer interrupts.
# Prints TAP. Run by tests/qemu/run-gdb as:  gdb -batch -x THIS debuggee.elf
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

# steps TABLE ENTRIES COUNT: into $wrong, from the first instruction of the table.
define steps
	set $wrong = 0
	set $i = 0
	set $entries = $arg1
	set $table = (unsigned int *)$arg0
	while $i < $arg2
		set $i = $i + 1
		stepi
		if $pc != $table[$i % $entries]
			set $wrong = $wrong + 1
			if $wrong < 4
				printf "# step %d: at 0x%x, not 0x%x\n", $i, $pc, $table[$i % $entries]
			end
		end
	end
end

target remote gdb.socket
result ($pc==0xfff0) "stopped at the reset vector"

# The program is not in memory yet: only a register can hold this one.
hbreak *ring0_again
continue
result ($pc==(unsigned)&ring0_again&&($cs&3)==0) "hbreak: in ring 0, before the program was copied"
delete

set $entries0 = ((unsigned)&steps0_end - (unsigned)&steps0) / 4
set $before = $ecx
steps &steps0 $entries0 ($entries0*26)
result ($wrong==0) "steps in ring 0"
printf "# %d steps of %d instructions\n", $i, $entries0
result ($i>=520) "more than five hundred of them"
result ($ecx==$before+26) "which did what they do"

# Interrupts wait while it is stepped, and come when it is not.
set $ticks = *(int *)&ticks
break *tick
continue
result ($pc==(unsigned)&tick) "break: the handler of the timer"
delete
stepi
result ($pc==(unsigned)&tick+1) "and a step in it"
result ((*(int*)($esp+12)&0x100)==0) "whose frame shows no trap flag"

watch *(int *)&counter
continue
set $value = *(int *)&counter
continue
result (*(int*)&counter==$value+1) "watch: once a round"
delete
rwatch *(int *)&go
continue
result ($pc>(unsigned)&ring0_again&&$pc<(unsigned)&ring0_out) "rwatch: where it is read"
delete

awatch *(int *)&secret
set *(int *)&go = 1
continue
result ($pc>(unsigned)&ring0_out&&$pc<=(unsigned)&own_int3) "awatch: when the loop was let out"
delete

# With breakpoints in memory the guest's own INT3 stops too, and goes back.
break *ring3_again
continue
result ($pc==(unsigned)&ring3_again) "break: in ring 3"
result (($cs&3)==3) "which it is"
result (*(int*)&breakpoints==1) "the guest's own INT3 came to its handler"
delete

set $entries3 = ((unsigned)&steps3_end - (unsigned)&steps3) / 4
set $before = $ecx
steps &steps3 $entries3 ($entries3*40)
result ($wrong==0) "steps in ring 3"
printf "# %d steps of %d instructions\n", $i, $entries3
result ($i>=480) "nearly as many"
result ($ecx==$before+40) "which did what they do"
watch *(int *)0x20004
continue
set $value = *(int *)0x20004
continue
result (*(int*)0x20004==$value+3) "watch: in ring 3"
delete
set $ticks = *(int *)&ticks
hbreak *ring3_again if *(int *)&ticks >= $ticks + 3
continue
result (*(int*)&ticks>=$ticks+3) "hbreak with a condition: after three interrupts"
delete

set *(int *)&go = 2
break *ring3_out
continue
delete
stepi
result ($pc==(unsigned)&system_call) "a step into a system call"
result ((*(int*)($esp+8)&0x100)==0) "whose frame shows no trap flag"
result (*(int*)&saw_tf==0) "nor did any frame or PUSHF before"
printf "1..%d\n", $number
detach
