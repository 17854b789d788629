import { computed, onMounted, ref, watch } from 'vue'

/** The invite of the link that was opened, until it is taken or turned down. */
export function useInvite(account: ReturnType<typeof useAccount>) {
  const invite = ref<{ token: string, trouble: string }>()

  onMounted(() => {
    const token = new URLSearchParams(window.location.search).get('invite')
    if (token) invite.value = { token, trouble: '' }
  })

  // What was said to one person is not said to the next.
  watch(() => account.session.value?.user.id, () => {
    if (invite.value) invite.value.trouble = ''
  })

  /** As whoever is signed in. */
  async function accept(): Promise<void> {
    if (!invite.value) return
    const result = await account.acceptInvite(invite.value.token)
    if (result?.ok) close()
    else invite.value.trouble = WORDS[result?.reason ?? ''] ?? 'This invite is not valid any more.'
  }

  function close(): void {
    invite.value = undefined
    window.history.replaceState(null, '', '/')
  }

  return { invite: computed(() => invite.value && { ...invite.value, accept, close }) }
}

const WORDS: Record<string, string> = {
  email_mismatch: 'This invite is for another person. Sign in as them to accept it.',
  already_used: 'This invite was accepted already.',
  expired: 'This invite has expired.',
  revoked: 'This invite was taken back.',
}
