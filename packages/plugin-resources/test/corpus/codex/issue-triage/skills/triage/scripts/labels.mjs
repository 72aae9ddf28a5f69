console.log(['bug', 'question', 'wish'].join('\n'))
